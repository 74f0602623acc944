/* Charts by Chart.js, in the page's colours. */
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const PALETTE = ["#0b8a8a", "#d6336c", "#e08e0b", "#5b6bd6", "#6a994e", "#8d5a97"];
const drawnCharts = new Set();

function colourCharts() {
  Chart.defaults.color = css("--soft");
  Chart.defaults.borderColor = css("--line");
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
}

/* Draws a bar chart into a box; `data` as Chart.js has it. The box's label is what a screen reader says. */
function barChart(box, label, data, options = {}) {
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  box.replaceChildren(canvas);
  const axis = (title, more) => ({ title: { display: !!title, text: title }, ...more });
  const chart = new Chart(canvas, {
    type: "bar",
    data,
    options: {
      scales: { x: axis(options.x, { grid: { display: false }, stacked: options.stacked, ticks: { display: options.ticks !== 0, maxRotation: 50, autoSkip: true, maxTicksLimit: options.ticks || 16 } }),
        y: axis(options.y, { stacked: options.stacked, type: options.log ? "logarithmic" : "linear", min: options.log ? 0.7 : undefined, ticks: options.log ? { callback: powerOfTen } : { precision: 0 } }) },
      plugins: { legend: { display: data.datasets.length > 1 } },
    },
  });
  drawnCharts.add(chart);
  return chart;
}

function powerOfTen(value) {
  return Number.isInteger(Math.log10(value)) ? value.toLocaleString("en") : "";
}

/* Counts of values in `bins` equal steps from `low` to `high`. */
function histogram(values, low, high, bins) {
  const counts = new Array(bins).fill(0), step = (high - low) / bins;
  for (const value of values) {
    const bin = Math.floor((value - low) / step);
    if (bin >= 0 && bin < bins) counts[bin]++;
    else if (value === high) counts[bins - 1]++;
  }
  return { counts, labels: counts.map((_, i) => (low + (i + 0.5) * step).toPrecision(3)) };
}

/* Light or dark changed: the charts take the new colours. */
function recolourCharts() {
  colourCharts();
  for (const chart of drawnCharts) {
    for (const scale of Object.values(chart.options.scales)) {
      scale.ticks.color = css("--soft");
      scale.grid.color = css("--line");
      scale.title.color = css("--soft");
    }
    chart.update("none");
  }
}
