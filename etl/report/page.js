// Draws the figures of #figures in the theme's colours, and again when theme or width change.
"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const root = document.documentElement;
  const config = { displayModeBar: false, scrollZoom: false, doubleClick: false, showTips: false };
  const PAPER = { width: 660, height: 0.72 };  // px; height as a share of the height on screen
  const NARROW = 420;
  const YEAR_LABEL = 42;
  const DATE_LABEL = 90;
  const COLOURBAR = 50;
  const LOWEST = 120;

  const printing = () => root.classList.contains("printing");

  // Replaces every "var(--name)" by the value it has now.
  const painted = (value, style) => {
    if (typeof value === "string") return value.startsWith("var(--") ? style.getPropertyValue(value.slice(4, -1)).trim() : value;
    if (Array.isArray(value)) return value.map((item) => painted(item, style));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, painted(item, style)]));
  };

  const axis = { fixedrange: true, zeroline: false, gridcolor: "var(--rule)", linecolor: "var(--rule)", tickangle: 0 };
  const common = (width) => ({
    width,
    font: { family: "var(--font)", size: width < NARROW ? 11 : 13, color: "var(--soft)" },
    hoverlabel: { bgcolor: "var(--ink)", bordercolor: "var(--ink)", align: "left", font: { color: "var(--card)", family: "var(--font)", size: 13 } },
    margin: { t: 16, r: 10, b: 28, l: 40 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    dragmode: false,
    hoverdistance: 30,
  });

  const layoutOf = (own, width) => {
    const every = own.meta?.years ? { dtick: Math.ceil((own.meta.years * YEAR_LABEL) / width) } : {};
    const dates = { nticks: Math.floor(width / DATE_LABEL) };
    const height = printing() ? { height: own.height * PAPER.height } : {};
    const layout = { ...common(width), ...own, ...height };
    const map = own.meta?.across ? fitted(own.meta, layout) : {};
    return { ...layout, ...map, xaxis: { ...axis, ...dates, ...every, ...own.xaxis }, yaxis: { ...axis, ...own.yaxis } };
  };

  // A map is as high as its width needs, and its marks as large as they fit side by side.
  const fitted = (meta, { width, height, margin }) => {
    const { across, down } = meta;
    const apart = Math.min((width - margin.l - margin.r - COLOURBAR) / across, (height - margin.t - margin.b) / down);
    const size = Math.min(Math.max(0.84 * apart, 3), 30);
    return { height: Math.max(apart * down, LOWEST) + margin.t + margin.b, meta: { ...meta, size } };
  };

  const traceOf = (trace, { width, meta }) => {
    if (meta?.size) return { ...trace, marker: { ...trace.marker, size: meta.size } };
    return trace.meta && width < NARROW ? { ...trace, text: trace.meta.narrow } : trace;
  };

  const draw = () => {
    const style = getComputedStyle(root);
    for (const [name, { data, layout }] of Object.entries(figures)) {
      const plot = document.getElementById(name);
      const width = printing() ? PAPER.width : plot.clientWidth;
      const whole = layoutOf(layout, width);
      const traces = data.map((trace) => traceOf(trace, whole));
      Plotly.react(plot, painted(traces, style), painted(whole, style), config);
    }
  };

  const print = (on) => () => { root.classList.toggle("printing", on); draw(); };
  let pending = 0;
  addEventListener("resize", () => { cancelAnimationFrame(pending); pending = requestAnimationFrame(draw); });
  addEventListener("beforeprint", print(true));
  addEventListener("afterprint", print(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
})();
