/* The head of the page and the picture of the circuit: boxes with counts, widths and levels. */
const commas = (n) => n.toLocaleString("en"); /* of numbers and big integers */

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const byId = (id) => document.getElementById(id);
const bits = (group) => `${group.width} bit${group.width === 1 ? "" : "s"}` + (group.frac ? `, ${group.frac} of them a fraction` : "");
const levelOf = (g) => g.levelLow === g.level ? `level ${g.level}` : `levels ${g.levelLow} to ${g.level}`;

function showHead(data) {
  const input = data.groups[0];
  byId("summary").textContent = `${data.netlist} computes ${commas(data.groups.filter((g) => g.output).reduce((n, g) => n + g.count, 0))} ` +
    `decisions from a grid of ${input.shape.join(" × ")} features. Everything in it is an integer of known width, and every gate is on this page.`;
  const facts = [[commas(data.gates), "gates"], [commas(data.live), "reach a decision"], [data.depth, "levels deep"],
    [commas(data.edges), "wires between gates"], [commas(data.cells), "kinds of gate"]];
  byId("facts").replaceChildren(...facts.map(([value, label]) => make("li", {}, make("b", {}, String(value)), make("span", {}, label))));
}

function box(kind, title, ...lines) {
  return make("div", { class: `box ${kind}` }, make("b", {}, title), ...lines.filter(Boolean).map((line) => make("span", {}, line)));
}

function groupBox(kind, title, group) {
  if (!group) return box("dead", title, "not in this netlist");
  const dead = group.live === 0;
  return box(kind + (dead ? " dead" : ""), title, `${commas(group.count)} gates`, `${bits(group)}; ${levelOf(group)}`,
    `${group.faninLow === group.fanin ? group.fanin : `${group.faninLow} to ${group.fanin}`} operands`,
    dead ? "no decision depends on it" : null);
}

function showPicture(data) {
  const find = (name) => data.groups.find((g) => g.name === name);
  const rows = (data.table || []).map((row, k) => {
    const source = k === 0 ? find("input") : find(`s${k - 1}.pool`);
    const arrow = () => make("div", { class: "arrow", "aria-hidden": "true" }, "→");
    return make("div", { class: "bandrow", role: "group", "aria-label": `Scale ${k}` },
      box("grid", `Scale ${k}`, `${row.height} × ${row.width} positions`, `${data.groups[0].shape[2]} channels`, source ? bits(source) : null),
      arrow(), groupBox("pool", "pool", find(`s${k}.pool`)),
      arrow(), groupBox("subtract", "subtract", find(`s${k}.subtract`)),
      arrow(), groupBox("classify", "classify", find(`s${k}.classify`)));
  });
  byId("picture").replaceChildren(...rows);
  byId("circuit-lead").textContent = rows.length
    ? "On each scale, the grid is pooled 2 × 2, the pool is subtracted from it again, and what is left is classified: one threshold gate for each position and class. The next scale works on the pool." +
      (data.top === "residual" ? " The last scale classifies its grid itself." : "")
    : "This netlist does not say how it was compiled; its groups are below.";
}

function tableOf(element, head, rows) {
  element.replaceChildren(make("thead", {}, make("tr", {}, ...head.map((h) => make("th", { scope: "col" }, h)))),
    make("tbody", {}, ...rows.map((row) => make("tr", { class: row.sum ? "sum" : false },
      ...row.cells.map((cell, i) => i ? make("td", {}, cell) : make("th", { scope: "row" }, cell))))));
}

function showTables(data) {
  const range = (low, high) => low === high ? `${low}` : `${low} to ${high}`;
  tableOf(byId("groups"), ["group", "shape", "gates", "live", "wires", "level", "width", "fan-in", "weights"],
    data.groups.slice(1).map((g) => ({ cells: [g.name, g.shape.join(" × "), commas(g.count), commas(g.live), commas(g.edges),
      range(g.levelLow, g.level), `${g.width}.${g.frac}`, range(g.faninLow, g.fanin), range(g.weightLow, g.weight)] })));
  byId("table-box").hidden = !data.table;
  if (!data.table) return;
  const add = (numbers) => numbers.reduce((a, b) => a + b, 0), last = data.table.length - 1;
  const cells = (label, closed, found) => [label, ...closed.map(commas), commas(add(closed)), ...found.map(commas), commas(add(found))];
  const only = (numbers, keep) => numbers.map((n, layer) => keep(layer) ? n : 0);
  const rows = data.table.map((row, k) => ({ cells: cells(`scale ${k}, ${row.height} × ${row.width}` + (k === last ? ", as the card prints it" : ""),
    only(row.closed, (layer) => k < last || layer === 2), only(row.found, (layer) => k < last || layer === 2)) }));
  const total = (which) => [0, 1, 2].map((layer) => add(data.table.map((row) => row[which][layer])));
  const rest = (which) => only(data.table[last][which], (layer) => layer < 2);
  const minus = (a, b) => a.map((n, i) => n - b[i]);
  rows.push({ sum: true, cells: cells("rows of the table", minus(total("closed"), rest("closed")), minus(total("found"), rest("found"))) });
  rows.push({ cells: cells("the last scale's pool and subtract", rest("closed"), rest("found")) });
  rows.push({ sum: true, cells: cells("total", total("closed"), total("found")) });
  const layers = ["pool", "subtract", "classify", "all"];
  tableOf(byId("card"), ["", ...layers.map((l) => `${l}, closed form`), ...layers.map((l) => `${l}, counted`)], rows);
  byId("card-note").textContent = `The published card's rows leave out the last scale's own pool and subtract, ${commas(add(rest("closed")))} gates, ` +
    "which its total counts: both numbers are right.";
}
