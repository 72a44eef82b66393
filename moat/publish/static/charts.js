// Replace the picture of an interactive figure by the live chart, in the colours of the page's theme.
(function () {
  const holders = document.querySelectorAll(".moat-chart");
  if (!holders.length) return;
  const here = document.currentScript.src;
  const INK = { light: "#222222", dark: "#ced6dd" };

  function theme() {
    return document.documentElement.dataset.theme === "dark" ? "dark" : "light";
  }

  function inked(spec, description) {
    const ink = INK[theme()];
    const config = structuredClone(spec.config);
    for (const part of ["axis", "legend"]) Object.assign(config[part], { labelColor: ink, titleColor: ink });
    config.text = { color: ink };
    return { ...spec, config, description };
  }

  async function draw(holder) {
    const figure = document.getElementById(holder.dataset.figure);
    const picture = figure && figure.querySelector("img, object, svg, .moat-live");
    if (!picture) return;
    let live = figure.querySelector(".moat-live");
    if (!live) {
      live = document.createElement("div");
      live.className = "moat-live";
      live.dataset.words = picture.getAttribute("alt") || "";
      picture.before(live);
    }
    const spec = JSON.parse(holder.querySelector("script").textContent);
    try {
      await window.moatVega(live, inked(spec, live.dataset.words), { actions: false, renderer: "svg" });
      if (picture !== live) picture.hidden = true;
    } catch (error) {
      if (picture !== live) live.remove();
    }
  }

  const vega = document.createElement("script");
  vega.src = new URL("vega.js", here).href;
  vega.addEventListener("load", () => {
    const all = () => holders.forEach(draw);
    all();
    let drawn = theme();
    new MutationObserver(() => {
      if (theme() !== drawn) { drawn = theme(); all(); }
    }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  });
  document.head.append(vega);
})();
