/* Starts the page: reads the data, fills the sections, draws the plots. */
const data = JSON.parse(byId("data").textContent);

function figure(title, text) {
  const box = make("div", { class: "chart" });
  byId("plot-grid").append(make("figure", {}, make("figcaption", {}, make("b", {}, title), make("span", {}, text)), box));
  return box;
}

function plotWidths() {
  barChart(figure("Width of each group", "Bits of one value: every sum is exact, so widths grow."), "Bits of one value, by group",
    { labels: data.groups.map((g) => g.name), datasets: [{ data: data.groups.map((g) => g.width), backgroundColor: PALETTE[3] }] },
    { y: "bits" });
}

function plotMargins(bands) {
  const limit = data.offset, sets = [];
  let low = Infinity, high = -Infinity;
  const margins = data.scales.map((scale, k) => {
    const values = Float64Array.from(bands.sums[k], (sum, i) => Number(sum) * scale.units[i % data.classes.length]);
    for (const v of values) { low = Math.min(low, v); high = Math.max(high, v); }
    return values;
  });
  margins.forEach((values, k) => sets.push({ label: `scale ${k}`, counts: histogram(values, low, high, 48) }));
  barChart(figure("Margins of the classifiers", `How far each sum is past its threshold, as a logit; 0 and above fires (score ${sigmoid(limit).toFixed(2)}).`),
    "Margins of the classifiers by scale", { labels: sets[0].counts.labels,
      datasets: sets.map((s, k) => ({ label: s.label, data: s.counts.counts.map((c) => c || null), backgroundColor: PALETTE[k], barPercentage: 1, categoryPercentage: 1 })) },
    { x: "logit past the threshold", y: "gates", log: true, ticks: 9 });
}

/* Weights of one class's classifier on the first scale, which all positions share. */
function plotWeights(netlist) {
  const group = data.groups.find((g) => g.name === "s0.classify") || data.groups[data.groups.length - 1];
  const lanes = group.shape[group.shape.length - 1], names = data.classes || [];
  const select = make("select", { "aria-label": "Class of the weights" }, ...Array.from({ length: lanes }, (_, c) => make("option", { value: c }, names[c] || `lane ${c}`)));
  const box = figure("Weights of a class", "How often each weight occurs; a weight of 0 is no wire.");
  box.before(make("p", {}, select));
  const draw = () => {
    const gate = netlist.gate(group.first + Number(select.value)), weights = gate.terms.map((t) => t.weight);
    const low = Math.min(...weights, 0), high = Math.max(...weights, 0), step = Math.ceil((high - low + 1) / 52), bins = Math.ceil((high - low + 1) / step);
    const h = histogram(weights, low - 0.5, low - 0.5 + bins * step, bins); /* each bin as many integers */
    barChart(box, `${weights.length} weights from ${low} to ${high}`, { labels: h.labels.map((l) => Math.round(Number(l))),
      datasets: [{ data: h.counts, backgroundColor: PALETTE[0], barPercentage: 1, categoryPercentage: 0.95 }] }, { x: "weight", y: "wires" });
  };
  select.addEventListener("change", draw);
  draw();
  const counts = Array.from({ length: lanes }, (_, c) => netlist.gate(group.first + c).terms.length);
  barChart(figure("Wires of each class", "Weights that are not 0, in INT8."), "Weights that are not 0, by class",
    { labels: counts.map((_, c) => names[c] || String(c)), datasets: [{ data: counts, backgroundColor: PALETTE[4] }] }, { y: "wires", ticks: 20 });
}

function plotUnequal() {
  if (!data.unequal) return;
  const distances = data.unequal.map((u) => u.distance);
  if (!distances.length) return;
  const h = histogram(distances, 0, Math.max(...distances), 24);
  barChart(figure("Decisions that differ from the head's", `${commas(distances.length)} decisions: how far the head's logit is from the threshold.`),
    "Distances of unequal decisions", { labels: h.labels, datasets: [{ data: h.counts, backgroundColor: PALETTE[1] }] }, { x: "distance of the logit", y: "decisions", ticks: 8 });
}

/* `faults --json`: of each group's faults, those that show at the gate, and those that change a decision. */
function plotFaults() {
  const groups = data.faults && data.faults.groups;
  if (!Array.isArray(groups)) return;
  const share = (key) => groups.map((g) => g.faults ? 100 * g[key] / g.faults : 0);
  barChart(figure("Stuck-at faults that the frames show", "Share of each group's faults that change the gate's value, and that change a decision."),
    "Fault coverage by group", { labels: groups.map((g) => g.name), datasets: [
      { label: "at the gate", data: share("seen_at_gate"), backgroundColor: PALETTE[3] },
      { label: "in a decision", data: share("found"), backgroundColor: PALETTE[2] }] }, { y: "% of the faults" });
}

/* `stats --bits --json`: full adders of each group. */
function plotCost() {
  if (!data.cost) return;
  const { groups } = data.cost.bits, adders = (form) => groups.map((g) => g[form].full_adders || null);
  barChart(figure("Full adders of each group", "With every gate in hardware of its own, and with each kind of gate once."),
    "Full adders by group", { labels: groups.map((g) => g.name), datasets: [
      { label: "every gate", data: adders("spatial"), backgroundColor: PALETTE[0] },
      { label: "each kind once", data: adders("shared"), backgroundColor: PALETTE[5] }] }, { y: "full adders", log: true });
}

/* `scripts/area.sh --json`: LUTs of each group, every gate in hardware of its own. */
function plotLuts() {
  if (!data.luts) return;
  const { groups, target } = data.luts;
  barChart(figure("LUTs of each group", `What Yosys makes of the groups' gates for ${target}, times the number of gates.`),
    "LUTs by group", { labels: groups.map((g) => g.name), datasets: [
      { label: "LUTs", data: groups.map((g) => g.luts || null), backgroundColor: PALETTE[4] }] }, { y: "LUTs", log: true });
}

function showClaims() {
  if (!data.claims) return;
  const kind = (verdict) => verdict === "holds" ? "holds" : verdict.startsWith("holds under") ? "under" : verdict === "does not hold" ? "fails" : "unchecked";
  const count = (which) => data.claims.filter((c) => kind(c.verdict) === which).length;
  byId("audit-lead").textContent = `${count("holds")} claims of the card hold, ${count("under")} hold under a condition, ${count("fails")} do not hold` +
    (count("unchecked") ? `, ${count("unchecked")} were not checked.` : ".");
  byId("claims").replaceChildren(...data.claims.map((c) => make("div", { class: "claim" },
    make("p", { class: `verdict ${kind(c.verdict)}` }, c.verdict),
    make("div", {}, make("p", {}, c.claim), make("p", {}, c.found + (c.because ? `; ${kind(c.verdict) === "under" ? "otherwise" : "because"}: ${c.because}` : "") + ` (${c.how})`)))));
}

function showProvenance() {
  byId("version").textContent = `cofiber ${data.version}`;
  byId("command").textContent = data.command;
  const pairs = [["netlist", data.netlist], ["SHA-256", data.sha256], ["input scale", data.inputScale],
    ...data.frames.map((f) => ["frame", f.number ? `${f.file}, number ${f.number}` : f.file]), ...Object.entries(data.meta)];
  byId("meta").replaceChildren(...pairs.flatMap(([key, value]) => [make("dt", {}, key), make("dd", {}, String(value))]));
}

async function start() {
  const has = { frames: data.frames.length > 0 && data.scales, claims: data.claims };
  for (const element of document.querySelectorAll("[data-needs]")) element.hidden = !has[element.dataset.needs];
  document.title = `${data.netlist}: cofiber circuit`;
  colourCharts();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolourCharts);
  showHead(data);
  showPicture(data);
  showTables(data);
  showClaims();
  showProvenance();
  const netlist = new Netlist(data);
  await netlist.load();
  const explorer = new Explorer(netlist);
  const first = data.groups.findIndex((g) => g.output);
  let bands = null, shown = netlist.groups[Math.max(first, 0)].first;
  if (has.frames) {
    bands = new Bands(netlist, (net) => {
      if (explorer.net === null) return;
      explorer.show(net ?? explorer.net, net !== null);
      if (net !== null) byId("explorer").scrollIntoView();
    });
    await bands.start();
    const best = bands.fired(0.0001, -1)[0];
    if (best) shown = netlist.groups[data.scales[best.k].group].first + best.index;
  }
  await explorer.start(shown);
  if (bands) plotMargins(bands);
  plotWeights(netlist);
  plotWidths();
  plotUnequal();
  plotFaults();
  plotCost();
  plotLuts();
  Object.assign(window, { cofiber: { netlist, explorer, bands } }); /* for those who want more than the page shows */
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  byId("wrong").textContent = `The page could not be drawn: ${error.message}`;
  console.error(error);
});
