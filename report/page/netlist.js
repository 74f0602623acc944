const ACTIVATIONS = ["linear", "step", "relu", "root"];

/* The output of a gate whose sum is given. */
function activate(activation, sum, number) {
  if (activation === 0) return sum;
  if (activation === 1) return number(sum >= 0 ? 1 : 0);
  if (sum <= 0) return number(0);
  return activation === 2 ? sum : floorRoot(sum, number);
}

/* Exactly, whatever Math.sqrt rounds to. */
function floorRoot(value, number) {
  let root = number(Math.floor(Math.sqrt(Number(value))));
  while (root * root > value) root -= number(1);
  while ((root + number(1)) * (root + number(1)) <= value) root += number(1);
  return root;
}

/* The netlist: names, cells, and values computed from their definition, in exact integers. */
class Netlist {
  constructor(data) {
    this.data = data;
    this.groups = data.groups;
    this.number = data.wide ? BigInt : Number; /* sums beyond 2^53 take big integers */
    this.frame = 0;
    this.values = new Map();
  }

  async load() {
    const ids = ["cell-terms", "cell-ports", "cell-bias", "cell-activation", "term-offset", "term-weight", "term-port", "term-shift", "term-square"];
    const read = await Promise.all(ids.map(readArray));
    [this.terms, this.ports, this.bias, this.activation, this.offset, this.weight, this.port, this.shift, this.square] = read;
    [this.rowLine, this.rowModule] = await Promise.all([readArray("row-line"), readArray("row-module")]);
    this.firstTerm = new Uint32Array(this.terms.length + 1);
    for (let c = 0; c < this.terms.length; c++) this.firstTerm[c + 1] = this.firstTerm[c] + this.terms[c];
    for (let g = 1; g < this.groups.length; g++)
      [this.groups[g].cell, this.groups[g].base] =
        await Promise.all([readArray(`group-${g}-cell`), readArray(`group-${g}-base`)]);
    await this.useFrame(0);
  }

  async useFrame(frame) {
    this.frame = frame;
    this.input = frame < this.data.frames.length ? await readArray(`frame-${frame}-input`) : null;
    this.values.clear();
  }

  groupOf(net) {
    let low = 0, high = this.groups.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.groups[middle].first <= net) low = middle; else high = middle;
    }
    return low;
  }

  name(net) {
    const group = this.groups[this.groupOf(net)];
    return `${group.name}[${indicesOf(group, net - group.first).join(",")}]`;
  }

  /* The net of that name, or a text that says what is wrong with it. */
  find(name) {
    const match = /^\s*([\w.]+)\s*\[([\d,\s]+)\]\s*$/.exec(name);
    if (!match) return `"${name}" is not a name such as s1.classify[4,9,17]`;
    const group = this.groups.find((g) => g.name === match[1]);
    if (!group) return `there is no group "${match[1]}"`;
    const indices = match[2].split(",").map(Number);
    if (indices.length !== group.shape.length) return `${group.name} takes ${group.shape.length} indices`;
    let at = 0;
    for (let i = 0; i < indices.length; i++) {
      if (indices[i] >= group.shape[i]) return `index ${indices[i]} of ${group.name} is not below ${group.shape[i]}`;
      at = at * group.shape[i] + indices[i];
    }
    return group.first + at;
  }

  /* A gate's cell and what each of its terms reads: {net, weight, shift}. */
  gate(net) {
    const index = this.groupOf(net), group = this.groups[index], at = net - group.first;
    if (!group.cell) return { group, index: at, groupIndex: index, input: true, terms: [] };
    const cell = group.cell[at], terms = [];
    for (let t = this.firstTerm[cell]; t < this.firstTerm[cell + 1]; t++)
      terms.push({ net: group.base[at * group.ports + this.port[t]] + this.offset[t], weight: this.weight[t],
        shift: this.shift[t], square: this.square[t] === 1 });
    return { group, index: at, groupIndex: index, input: false, cell, terms, bias: this.bias[cell],
      activation: ACTIVATIONS[this.activation[cell]], step: this.activation[cell] === 1 };
  }

  sum(net) {
    const index = this.groupOf(net), group = this.groups[index], at = net - group.first, cell = group.cell[at];
    const number = this.number;
    let sum = number(this.bias[cell]);
    for (let t = this.firstTerm[cell]; t < this.firstTerm[cell + 1]; t++) {
      const value = this.value(group.base[at * group.ports + this.port[t]] + this.offset[t]);
      sum += this.adds({ weight: this.weight[t], shift: this.shift[t], square: this.square[t] === 1 }, value);
    }
    return sum;
  }

  /* What a term adds to a sum. */
  adds(term, value) {
    const number = this.number;
    return number(term.weight) * (term.square ? value * value : value) * number(2) ** number(term.shift) + number(0); /* not -0 */
  }

  value(net) {
    if (net < this.groups[0].count) return this.number(this.input[net]);
    let value = this.values.get(net);
    if (value === undefined) {
      const group = this.groups[this.groupOf(net)];
      value = activate(this.activation[group.cell[net - group.first]], this.sum(net), this.number);
      this.values.set(net, value);
    }
    return value;
  }

  /* Where the emitted Verilog has the gate. */
  async verilog(net) {
    const index = this.groupOf(net), group = this.groups[index], at = net - group.first, verilog = this.data.verilog;
    const lanes = group.shape[group.shape.length - 1], lane = at % lanes, position = (at - lane) / lanes;
    const place = group.shape.length > 1 ? indicesOf(group, at).slice(0, -1) : [0];
    const wire = `${group.identifier}_${place.join("_")}`, row = verilog.firstRow[index] + position;
    const found = { wire: `${wire}[${lane}*${group.width} +: ${group.width}]`, top: this.rowLine[row] };
    const module = this.rowModule[row];
    if (module === 0xffffffff) return found;
    const [line, first, count] = await Promise.all(["line", "first", "count"].map((f) => readArray(`module-${module}-${f}`)));
    const name = count[lane] === 1 ? `lane_${lane}` : count[lane] === lanes ? `lane[${lane}]`
      : `lanes_${first[lane]}_to_${first[lane] + count[lane] - 1}[${lane}]`;
    return { ...found, instance: `cofiber_top.u_${wire}.${name}`, row: line[lane] };
  }
}

function indicesOf(group, at) {
  const indices = [];
  for (let i = group.shape.length - 1; i >= 0; i--) {
    indices.unshift(at % group.shape[i]);
    at = Math.floor(at / group.shape[i]);
  }
  return indices;
}
