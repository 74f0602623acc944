/* One gate: its operands by name, its weights as a plot, its value, its Verilog; and the way back. */
class Explorer {
  constructor(netlist) {
    this.netlist = netlist;
    this.history = [];
    this.net = null;
  }

  start(net) {
    const groups = this.netlist.groups;
    byId("group").replaceChildren(...groups.map((g, i) => make("option", { value: i }, g.name)));
    byId("group").addEventListener("change", () => this.askIndices(Number(byId("group").value)));
    byId("chooser").addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    byId("back").addEventListener("click", () => this.show(this.history.pop(), false));
    byId("name").addEventListener("input", () => { this.typed = true; });
    return this.show(net, false);
  }

  askIndices(index, indices) {
    const group = this.netlist.groups[index], names = { 3: ["row", "column", "lane"], 1: ["lane"] }[group.shape.length];
    byId("group").value = index;
    byId("indices").replaceChildren(...group.shape.map((size, i) => make("label", {}, names ? names[i] : `index ${i}`,
      make("input", { type: "number", min: 0, max: size - 1, value: indices ? indices[i] : 0, oninput: () => { this.typed = false; } }))));
    this.typed = false;
  }

  submit() {
    const group = this.netlist.groups[Number(byId("group").value)];
    const indices = [...byId("indices").querySelectorAll("input")].map((input) => input.value.trim());
    const net = this.netlist.find(this.typed ? byId("name").value : `${group.name}[${indices.join(",")}]`);
    byId("wrong").textContent = typeof net === "string" ? net : "";
    if (typeof net !== "string") this.show(net, true);
  }

  async show(net, remember = true) {
    if (remember && this.net !== null && net !== this.net) this.history.push(this.net);
    byId("back").disabled = this.history.length === 0;
    this.net = net;
    const gate = this.netlist.gate(net);
    this.askIndices(gate.groupIndex, indicesOf(gate.group, gate.index));
    byId("name").value = this.netlist.name(net);
    byId("wrong").textContent = "";
    const place = await this.netlist.verilog(net);
    if (this.net === net) this.paint(net, gate, place);
  }

  facts(net, gate, place) {
    const { netlist } = this, valued = netlist.input !== null, facts = [];
    const type = `${bits(gate.group)}, ${gate.group.signed ? "signed" : "unsigned"}`;
    facts.push(["type", type]);
    if (!gate.input) {
      facts.push(["computes", { step: "1 if the sum is at least 0, else 0", linear: "the sum", relu: "the sum, or 0 where it is negative",
        root: "the floor of the sum's square root" }[gate.activation]]);
      facts.push(["operands", commas(gate.terms.length)], [gate.step ? "threshold (added)" : "bias", commas(gate.bias)]);
    }
    if (valued && !gate.input) facts.push(["sum with it", commas(netlist.sum(net))]);
    const unit = this.unit(gate), list = (pairs) => make("dl", {}, ...pairs.flatMap(([k, v]) => [make("dt", {}, k), make("dd", {}, v)]));
    if (valued && gate.step && unit) facts.push(["past the threshold", `${(Number(netlist.sum(net)) * unit).toFixed(6)} of the logit`]);
    if (valued && !gate.step) facts.push(["in features", (Number(netlist.value(net)) * netlist.data.inputScale * 2 ** -gate.group.frac).toPrecision(6)]);
    const verilog = [["wire", place.wire], ["cofiber_top.v", `line ${place.top}`]];
    if (place.instance) verilog.splice(1, 0, ["instance", place.instance]), verilog.push(["cofiber_rows.v", `line ${place.row}`]);
    return make("div", { class: "pair" }, list(facts), list(verilog));
  }

  unit(gate) {
    const { data } = this.netlist, scale = data.scales && data.scales.find((s) => s.group === gate.groupIndex);
    return scale ? scale.units[gate.index % data.classes.length] : null;
  }

  paint(net, gate, place) {
    const { netlist } = this, valued = netlist.input !== null;
    const head = make("div", { class: "gatehead" }, make("h3", { id: "gate-name" }, netlist.name(net)));
    if (valued) {
      const value = netlist.value(net), fires = gate.step && Number(value) === 1;
      head.append(make("span", { class: `value${fires ? " fires" : ""}` }, gate.step ? (fires ? "fires: 1" : "does not fire: 0") : `value ${commas(value)}`));
      head.dataset.value = String(value);
    }
    const chart = make("div", { class: "chart" }), rows = make("div", {});
    byId("gate").replaceChildren(head, this.facts(net, gate, place), ...(gate.terms.length ? [chart, rows] : []));
    if (!gate.terms.length) return;
    this.plot(chart, gate);
    this.list(rows, gate, valued, 24);
  }

  plot(chart, gate) {
    const { netlist } = this, weights = gate.terms.map((t) => t.weight * 2 ** t.shift);
    const datasets = [{ label: "weight", data: weights, backgroundColor: PALETTE[0], barPercentage: 1, categoryPercentage: 1 }];
    barChart(chart, `The ${weights.length} weights of ${netlist.name(this.net)}, from ${Math.min(...weights)} to ${Math.max(...weights)}`,
      { labels: gate.terms.map((t) => netlist.name(t.net)), datasets },
      { y: "weight", x: weights.length > 24 ? "operands, in order" : "", ticks: weights.length > 24 ? 0 : 24 });
  }

  list(box, gate, valued, most) {
    const { netlist } = this, shown = gate.terms.slice(0, most), table = make("table", {});
    const head = ["operand", "weight", ...(valued ? ["value", "adds"] : [])];
    tableOf(table, head, shown.map((term) => {
      const weight = term.shift ? `${term.weight} << ${term.shift}` : String(term.weight), of = term.square ? " (its square)" : "";
      const name = make("button", { type: "button", onclick: () => this.show(term.net) }, netlist.name(term.net) + of);
      if (!valued) return { cells: [name, weight] };
      const value = netlist.value(term.net);
      return { cells: [name, weight, commas(value), commas(netlist.adds(term, value))] };
    }));
    box.replaceChildren(make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Operands" }, table));
    if (most < gate.terms.length)
      box.append(make("p", {}, make("button", { type: "button", onclick: () => this.list(box, gate, valued, gate.terms.length) },
        `Show all ${commas(gate.terms.length)} operands`)));
  }
}
