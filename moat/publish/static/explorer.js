// The answers under other assumptions, computed in the page.  Mirrors moat/evidence/explorer.py and
// explorer_bill.py; thresholds, laws and intervals come with the board.  Works from disk, needs nothing else.
(function () {
  // ---- rules: a row is [value, low, high] at 90% --------------------------------------------------

  function share(grid, test) {
    return grid.length ? grid.filter(test).length / grid.length : 1;
  }

  // moat.evidence.rules.settle; border is where a one-sided claim is refuted, if elsewhere.
  function settle(rules, row, { low = -Infinity, high = Infinity, against = null, grid = [] }) {
    let below = low, above = high;
    if (against !== null) [below, above] = low === -Infinity ? [low, against] : [against, high];
    const [, from, to] = row;
    if (from > low && to < high) return share(grid, (x) => x > low && x < high) < rules.agree ? "partly" : "supported";
    if (to < below) return share(grid, (x) => x < below) < rules.agree ? "partly" : "refuted";
    if (from > above) return share(grid, (x) => x > above) < rules.agree ? "partly" : "refuted";
    return "partly";
  }

  function combine(parts) {
    const words = new Set(parts.filter((word) => word !== "untestable"));
    if (!words.size) return "untestable";
    return words.size === 1 ? [...words][0] : "partly";
  }

  function keepsPace(rules, slope, days, grid) {
    const word = settle(rules, slope, { low: -rules.pace, high: rules.pace, grid });
    return word === "supported" && days > 0 ? "partly" : word;
  }

  function parity(board, chosen) {
    const skip = { announced: "released", released: "announced" }[chosen.dates];
    const index = Object.values(board.even).filter((pair) => pair.dates !== skip);
    const margins = [chosen.margin, chosen.margin * board.rules.benchmarks];
    return combine([
      ...index.map((pair) => settle(board.rules, pair.row, { low: -margins[0] })),
      ...Object.values(board.printed).map((row) => settle(board.rules, row, { low: -margins[1] })),
    ]);
  }

  function beyondTrend(rules, [value, low, high], grid) {
    if (value > rules.beyond && low > 1 && share(grid, (x) => x > 1) >= rules.agree) return "supported";
    return low <= 1 && high < rules.beyond ? "refuted" : "partly";
  }

  function cheaperTraining(rules, row, grid) {
    const word = settle(rules, row, { low: rules.slowest, grid });
    return word === "supported" && row[0] < rules.fast ? "partly" : word;
  }

  function smarter(board, less, margin) {
    const { rules, rows, counts } = board;
    let even = settle(rules, rows.mixtral, { low: -margin });
    if (counts["mixtral-active"] < rules.fewer && even === "supported") even = "partly";
    const led = counts["days-led"] > 0 ? "supported" : "refuted";
    return combine([settle(rules, less, { high: 0, grid: board.grids.less }), led, even]);
  }

  function despite(board, uncounted) {
    const tried = Object.values(board.leaps).map((row) => settle(board.rules, row, { low: 0 }));
    const leap = tried.includes("supported") ? "supported"
      : tried.every((word) => word === "refuted") ? "refuted" : "partly";
    const [value, low, high] = board.rows.uncounted;
    const lost = settle(board.rules, [uncounted - value, uncounted - high, uncounted - low], { high: 0 });
    if (leap === "supported" && lost === "supported") return "supported";
    return leap === "refuted" || lost === "refuted" ? "refuted" : "partly";
  }

  function chinaShare(percent, uncounted) {
    const part = percent / 100;
    return (100 * (1 + uncounted) * part) / (1 + uncounted * part);
  }

  function moreEven(board, runs, uncounted) {
    const { rules, rows } = board;
    const [value, low, high] = rows["share-then"];
    const now = rows["share-now"].map((x) => chinaShare(x, uncounted));
    const gauges = [rows["lag-change"], runs, [value - now[0], low - now[2], high - now[1]]];
    if (rows.adoption) gauges.push([-rows.adoption[0], -rows.adoption[2], -rows.adoption[1]]);
    const narrowed = gauges.filter((row) => row[2] < 0).length;
    const word = (n) => (n >= rules.many ? "supported" : n === rules.many - 1 ? "partly" : "refuted");
    const missing = Math.max(rules.gauges - gauges.length, 0);
    return word(narrowed) === word(narrowed + missing) ? word(narrowed) : "partly";
  }

  // ---- bills ---------------------------------------------------------------------------------------

  const AXES = ["common", "price", "their price", "share", "their share", "staff", "their staff", "use",
    "owned radius", "owned angle", "flop radius", "flop angle"];

  function cube(bill) {
    const u = {};
    AXES.forEach((name, axis) => {
      u[name] = Float64Array.from({ length: bill.points }, (_, i) => (0.5 + i * bill.steps[axis]) % 1);
    });
    return u;
  }

  function quantile(sorted, p) {
    const at = (sorted.length - 1) * p, i = Math.floor(at);
    return i + 1 < sorted.length ? sorted[i] + (sorted[i + 1] - sorted[i]) * (at - i) : sorted[i];
  }

  function summary(values) {
    const sorted = values.sort();
    return [0.5, 0.05, 0.95].map((p) => quantile(sorted, p));
  }

  const cubes = new WeakMap(); // the points of a bill, made once

  function bills(bill, price, research, use) {
    if (!cubes.has(bill)) cubes.set(bill, cube(bill));
    const u = cubes.get(bill);
    const made = (value) => Float64Array.from({ length: bill.points }, (_, i) => value(i));
    const uniform = (law, axis) => (i) => bill[law][0] + (bill[law][1] - bill[law][0]) * u[axis][i];
    const normal = (pair, turn) => (i) =>
      Math.sqrt(-2 * Math.log(u[pair + " radius"][i])) * turn(2 * Math.PI * u[pair + " angle"][i]);
    const lognormal = (law, z) => {
      const [low, high] = bill[law].map(Math.log);
      return (i) => Math.exp((low + high) / 2 + ((high - low) / 2 / bill.reach) * z(i));
    };
    const fixed = (value, drawn) => (value === null ? drawn : () => value);
    const over = (value, drawn) => (i) => value / drawn(i);
    const owned = (z, axis) => {
      const hour = lognormal("owned", z), staff = uniform("staff", axis);
      return (i) => hour(i) / (1 - staff(i));
    };
    const rates = (hour, multiple, own) => ({
      1: () => 1, 2: hour, 3: (i) => hour(i) * multiple(i), 4: (i) => own(i) * multiple(i),
    });
    const theirHour = uniform("price", "their price");
    const ours = rates(fixed(price, uniform("price", "price")), fixed(research, over(1, uniform("share", "share"))),
      owned(normal("owned", Math.cos), "staff"));
    const theirs = rates(theirHour, over(1, uniform("share", "their share")),
      owned(normal("owned", Math.sin), "their staff"));
    const used = fixed(use, uniform("use", "use")), aFlop = (i) => bill.hours_per_flop / used(i) / 1e6;
    const flop4 = lognormal("flop_gpt4", normal("flop", Math.cos)), flop45 = uniform("flop_gpt45", "flop radius");
    const stated = uniform("stated_claude", "flop radius");
    const [llama, gpt4, claude, gpt45] = bill.rivals;
    const hours = {
      [llama]: () => bill.hours_llama, [gpt4]: (i) => flop4(i) * aFlop(i),
      [claude]: (i) => stated(i) / theirHour(i), [gpt45]: (i) => flop45(i) * aFlop(i),
    };
    const ratio = {};
    for (const name of bill.rivals) {
      ratio[name] = {};
      for (const s of bill.scopes) {
        ratio[name][s] = summary(made((i) => (bill.hours * ours[s](i)) / (hours[name](i) * theirs[s](i))));
      }
    }
    const usd = {}, common = fixed(price, uniform("price", "common"));
    for (const s of bill.scopes) usd[s] = summary(made((i) => bill.hours * (s === 1 ? common : ours[s])(i)));
    return { bill: usd, ratio };
  }

  function agreeing(bill, scope, price, research) {
    let moved = 1;
    if (price !== null && (scope === 2 || scope === 3)) moved *= price / ((bill.price[0] + bill.price[1]) / 2);
    if (research !== null && (scope === 3 || scope === 4)) moved *= (research * (bill.share[0] + bill.share[1])) / 2;
    return bill.grid
      .filter((row) => row.scope === `(${scope})` && (price === null || row.price === bill.drawn)
        && (research === null || row.research === bill.common_share))
      .map((row) => row.value * moved);
  }

  function fraction(board, ratio, scopes, chosen) {
    const { bill, rules } = board;
    const words = [];
    for (const name of chosen.rival === "all" ? bill.rivals : [chosen.rival]) {
      for (const s of scopes) {
        const grid = name === bill.llama ? agreeing(bill, s, chosen.price, chosen.research) : [];
        words.push(settle(rules, ratio[name][s], { high: rules.fraction, grid }));
      }
    }
    return combine(words);
  }

  // ---- the answer ----------------------------------------------------------------------------------

  function answer(board, settings) {
    const chosen = {};
    for (const s of board.settings) chosen[s.name] = settings && s.name in settings ? settings[s.name] : s.default;
    const { rules, grids } = board, at = board.dates[chosen.dates];
    const money = bills(board.bill, chosen.price, chosen.research, chosen.use);
    const scopes = chosen.scope === "all" ? board.bill.scopes : [Number(chosen.scope)];
    const bill = fraction(board, money.ratio, scopes, chosen);
    const worth = at[chosen.distilled === "counts" ? "quality" : "untaught"];
    const quality = beyondTrend(rules, worth, grids.quality);
    const width = (k) => settle(rules, at["width-" + k], { high: rules.narrow, against: rules.wide, grid: grids["width-china"] });
    const verdicts = {
      C02: keepsPace(rules, at.slope, board.counts["days-led-china"], grids.slope),
      C04: parity(board, chosen),
      C07: combine([bill, quality]), "C07 bill": bill, "C07 quality": quality,
      C12: cheaperTraining(rules, at.price, grids.price),
      C15: smarter(board, at.less, chosen.margin),
      C17: despite(board, chosen.uncounted),
      C21: combine(["china", "open"].map(width)),
      C22: settle(rules, at.hazard, { low: 1, grid: grids.hazard }),
      C28: moreEven(board, at.runs, chosen.uncounted),
    };
    const numbers = {};
    for (const k of ["width-china", "width-open", "hazard", "price"]) numbers[k] = at[k];
    numbers.quality = worth;
    numbers.share = board.rows["share-now"].map((x) => chinaShare(x, chosen.uncounted));
    const against = chosen.rival === "all" ? board.bill.llama : chosen.rival;
    for (const s of scopes) {
      numbers["bill-" + s] = money.bill[s];
      numbers["ratio-" + s] = money.ratio[against][s].map((x) => 100 * x);
    }
    return { numbers, verdicts };
  }

  // ---- numbers as the book prints them (moat/evidence/numbers.py) -----------------------------------

  function plain(x, places) {
    const scale = 10 ** places, shown = Math.max(places, 0);
    const text = (Math.round(x * scale) / scale).toLocaleString("en-GB",
      { minimumFractionDigits: shown, maximumFractionDigits: shown });
    return Number(text.replace(/,/g, "")) === 0 ? text.replace("-", "") : text.replace("-", "−");
  }

  function printed([value, low, high]) {
    if (high === low) return plain(value, value === 0 ? 0 : Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value)))));
    const places = 1 - Math.floor(Math.log10((high - low) / 2));
    return `${plain(value, places)} [${plain(low, places)}, ${plain(high, places)}]`;
  }

  // ---- the page ------------------------------------------------------------------------------------

  function element(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  function control(setting, state, changed) {
    const id = "explorer-" + setting.name;
    const box = element("div", { className: "explorer-control" });
    const note = element("p", { className: "explorer-note", id: id + "-note" },
      `Enters ${setting.enters.join(", ")}. ${setting.source}`);
    const label = element("label", { htmlFor: id }, setting.label);
    const names = Object.keys(setting.options);
    if (names.length) {
      const select = element("select", { id }, ...names.map((value) =>
        element("option", { value, selected: value === setting.default }, setting.options[value])));
      select.setAttribute("aria-describedby", note.id);
      select.addEventListener("input", () => { state[setting.name] = select.value; changed(); });
      box.append(label, select, note);
      return { box, reset: () => { select.value = setting.default; } };
    }
    const open = setting.law !== "";
    const middle = open ? (setting.low + setting.high) / 2 : setting.default;
    const slider = element("input", { id, type: "range", min: setting.low, max: setting.high, step: setting.step });
    slider.value = middle;
    slider.setAttribute("aria-describedby", note.id);
    const output = element("output", { htmlFor: id });
    const free = element("button", { type: "button", className: "explorer-free" }, "leave it open");
    function show() {
      const value = state[setting.name];
      output.textContent = value === null ? setting.law : `${value} ${setting.unit}`.trim();
      slider.setAttribute("aria-valuetext", output.textContent);
      box.classList.toggle("explorer-open", value === null);
      free.disabled = value === null;
    }
    slider.addEventListener("input", () => { state[setting.name] = slider.valueAsNumber; show(); changed(); });
    free.addEventListener("click", () => { state[setting.name] = null; show(); changed(); });
    box.append(label, slider, output, ...(open ? [free] : []), note);
    show();
    return { box, reset: () => { slider.value = middle; show(); } };
  }

  function start(holder) {
    const { board, signs } = JSON.parse(holder.querySelector("script[type='application/json']").textContent);
    const state = Object.fromEntries(board.settings.map((s) => [s.name, s.default]));
    const still = answer(board, state), said = holder.querySelector(".explorer-said");
    const cells = new Map([...holder.querySelectorAll("[data-answer]")].map((cell) => [cell.dataset.answer, cell]));

    function draw() {
      const now = answer(board, state);
      for (const [name, cell] of cells) {
        if (name in now.verdicts) {
          const word = now.verdicts[name], moved = word !== still.verdicts[name];
          cell.textContent = `${signs[word]} ${word}`;
          cell.className = "verdict " + word + (moved ? " explorer-moved" : "");
        } else {
          cell.closest("tr").hidden = !(name in now.numbers);
          if (!(name in now.numbers)) continue;
          cell.textContent = printed(now.numbers[name]);
          cell.classList.toggle("explorer-moved", cell.textContent !== printed(still.numbers[name]));
        }
      }
      const rival = state.rival === "all" ? board.bill.llama : state.rival;
      for (const name of holder.querySelectorAll(".explorer-rival")) name.textContent = rival;
      const changed = Object.keys(still.verdicts).filter((k) => now.verdicts[k] !== still.verdicts[k]);
      const told = changed.map((k) => `${k} is ${now.verdicts[k]} (was ${still.verdicts[k]})`).join(", ");
      said.textContent = told ? `${told}.` : "Every word is the chapters' own.";
    }

    const controls = board.settings.map((setting) => control(setting, state, draw));
    const back = element("button", { type: "button", className: "explorer-back" }, "Back to the chapters' own assumptions");
    back.addEventListener("click", () => {
      for (const s of board.settings) state[s.name] = s.default;
      controls.forEach((c) => c.reset());
      draw();
    });
    const form = element("form", { className: "explorer-controls" }, ...controls.map((c) => c.box), back);
    form.setAttribute("aria-label", "Assumptions");
    form.addEventListener("submit", (event) => event.preventDefault());
    holder.querySelector(".explorer-form").append(form);
    holder.classList.add("explorer-live");
    draw();
  }

  globalThis.moatExplorer = { answer, printed };
  if (typeof document !== "undefined") document.querySelectorAll(".moat-explorer").forEach(start);
})();
