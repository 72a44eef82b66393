// Sort a table by a click (or Enter) on its header.  Works from disk, needs nothing else.
(function () {
  const SUPER = { "⁰": 0, "¹": 1, "²": 2, "³": 3, "⁴": 4, "⁵": 5, "⁶": 6, "⁷": 7, "⁸": 8, "⁹": 9, "⁻": "-" };

  // The leading number of a cell such as "0.340 [0.317, 0.369]", "5.76 × 10²³" or "−1,234".
  function number(text) {
    const plain = text.trim().replace(/,/g, "").replace(/−/g, "-");
    const power = plain.match(/^(?:(-?[\d.]+) × )?10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)/);
    if (power) {
      const exponent = [...power[2]].map((c) => SUPER[c]).join("");
      return Number(power[1] ?? 1) * 10 ** Number(exponent);
    }
    return parseFloat(plain);
  }

  function compare(a, b) {
    const x = number(a), y = number(b);
    if (Number.isNaN(x) || Number.isNaN(y)) return a.localeCompare(b);
    return x - y;
  }

  function sort(table, column, header) {
    const up = header.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((r, s) => compare(r.cells[column].textContent, s.cells[column].textContent));
    body.append(...(up ? rows : rows.reverse()));
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sort(table, column, header));
    });
  }
})();
