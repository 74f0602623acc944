/* The bands over the photograph: heat maps, marks of gates that fire, class filter, score. */
const RAMP = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

function rampColour(t) {
  const at = Math.min(Math.max(t, 0), 1) * (RAMP.length - 1), low = Math.min(Math.floor(at), RAMP.length - 2), part = at - low;
  return RAMP[low].map((c, i) => Math.round(c + (RAMP[low + 1][i] - c) * part));
}

class Bands {
  constructor(netlist, onGate) {
    this.netlist = netlist;
    this.data = netlist.data;
    this.onGate = onGate;
    this.photos = new Map();
    this.canvas = byId("canvas");
    this.marks = [];
  }

  start() {
    const { data } = this, frame = byId("frame"), classes = byId("class"), score = byId("score");
    frame.replaceChildren(...data.frames.map((f, i) => make("option", { value: i }, f.number ? `${f.file}, number ${f.number}` : f.file)));
    classes.replaceChildren(make("option", { value: -1 }, "all classes"), ...data.classes.map((c, i) => make("option", { value: i }, c)));
    score.value = data.scoreThreshold;
    byId("scale").append(...[...data.scales.map((s, k) => [k, `scale ${k}`]), [-1, "none"]].map(([value, label]) =>
      make("label", {}, make("input", { type: "radio", name: "scale", value, checked: value === 0 ? "" : false, onchange: () => this.draw() }), label)));
    frame.addEventListener("change", () => this.useFrame(Number(frame.value)));
    classes.addEventListener("change", () => this.draw());
    score.addEventListener("input", () => this.draw());
    this.canvas.addEventListener("click", (event) => this.click(event));
    const input = data.groups[0].shape, longer = Math.max(input[0], input[1]);
    this.canvas.width = Math.round(1280 * input[1] / longer);
    this.canvas.height = Math.round(1280 * input[0] / longer);
    return this.useFrame(0);
  }

  async useFrame(frame) {
    await this.netlist.useFrame(frame);
    this.sums = await Promise.all(this.data.scales.map((_, k) => readArray(`frame-${frame}-sums-${k}`)));
    this.energy = await Promise.all(this.data.scales.map((_, k) => readArray(`frame-${frame}-energy-${k}`)));
    this.photo = await this.readPhoto(frame);
    this.draw();
    this.onGate(null);
  }

  async readPhoto(frame) {
    if (!this.data.frames[frame].photo) return null;
    if (!this.photos.has(frame)) {
      const image = new Image();
      image.src = byId(`frame-${frame}-photo`).textContent;
      await image.decode();
      this.photos.set(frame, image);
    }
    return this.photos.get(frame);
  }

  /* The gates of one class, or of all, whose score is at least `least`, the highest first. */
  fired(least, only) {
    const found = [], limit = Math.log(least) - Math.log1p(-least), { offset } = this.data;
    this.data.scales.forEach((scale, k) => {
      const sums = this.sums[k], classes = this.data.classes.length;
      for (let i = 0; i < sums.length; i++) {
        const c = i % classes;
        if (only >= 0 && c !== only) continue;
        const logit = Number(sums[i]) * scale.units[c] + offset;
        if (logit >= limit) found.push({ k, index: i, class: c, position: (i - c) / classes, logit });
      }
    });
    return found.sort((a, b) => b.logit - a.logit);
  }

  draw() {
    const least = Number(byId("score").value), only = Number(byId("class").value);
    const heat = Number(document.querySelector("input[name=scale]:checked").value);
    byId("score-value").textContent = least.toFixed(2);
    const found = this.fired(least, only);
    this.marks = found.slice(0, 3000);
    const byScale = this.data.scales.map((_, k) => `${commas(found.filter((m) => m.k === k).length)} on scale ${k}`).join(", ");
    byId("fired").textContent = `${commas(found.length)} gate${found.length === 1 ? "" : "s"} would fire at this score: ${byScale}.` +
      (Math.abs(least - this.data.scoreThreshold) < 1e-9 ? " This is the score compiled in." : ` Compiled in: ${this.data.scoreThreshold}.`);
    this.paint(heat);
    this.list(found.slice(0, 12));
  }

  paint(heat) {
    const context = this.canvas.getContext("2d"), { width, height } = this.canvas;
    context.clearRect(0, 0, width, height);
    if (this.photo) context.drawImage(this.photo, 0, 0, width, height);
    byId("ramp-low").textContent = byId("ramp-high").textContent = "";
    document.querySelector(".ramp").hidden = heat < 0;
    if (heat >= 0) this.paintHeat(context, heat);
    const colours = ["#ff4d8d", "#ffd43b", "#ffffff"];
    for (const mark of [...this.marks].reverse()) {
      const scale = this.data.scales[mark.k], w = width / scale.width, h = height / scale.height;
      const x = (mark.position % scale.width) * w, y = Math.floor(mark.position / scale.width) * h;
      context.lineWidth = 5;
      context.strokeStyle = "rgba(0, 0, 0, 0.55)";
      context.strokeRect(x + 3, y + 3, w - 6, h - 6);
      context.lineWidth = 3;
      context.strokeStyle = colours[mark.k % colours.length];
      context.strokeRect(x + 3, y + 3, w - 6, h - 6);
    }
  }

  paintHeat(context, k) {
    const scale = this.data.scales[k], energy = this.energy[k];
    const low = energy.reduce((a, b) => Math.min(a, b)), high = energy.reduce((a, b) => Math.max(a, b));
    const small = make("canvas", { width: scale.width, height: scale.height });
    const image = new ImageData(scale.width, scale.height);
    for (let p = 0; p < energy.length; p++)
      image.data.set([...rampColour((energy[p] - low) / (high - low || 1)), this.photo ? 150 : 255], 4 * p);
    small.getContext("2d").putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, this.canvas.width, this.canvas.height);
    byId("ramp-low").textContent = low.toPrecision(3);
    byId("ramp-high").textContent = high.toPrecision(3);
  }

  list(marks) {
    byId("marks").replaceChildren(...marks.map((mark) => {
      const scale = this.data.scales[mark.k], row = Math.floor(mark.position / scale.width), column = mark.position % scale.width;
      return make("li", {}, make("button", { type: "button", onclick: () => this.show(mark) },
        make("span", {}, this.data.classes[mark.class], make("small", {}, `scale ${mark.k}, row ${row}, column ${column}`)),
        make("b", {}, sigmoid(mark.logit).toFixed(3))));
    }));
    if (!marks.length) byId("marks").append(make("li", {}, "No gate fires. Lower the score."));
  }

  show(mark) {
    this.onGate(this.netlist.groups[this.data.scales[mark.k].group].first + mark.index);
  }

  click(event) {
    const box = this.canvas.getBoundingClientRect(), x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
    const at = (mark) => {
      const scale = this.data.scales[mark.k];
      return Math.floor(x * scale.width) === mark.position % scale.width && Math.floor(y * scale.height) === Math.floor(mark.position / scale.width);
    };
    const mark = this.marks.find(at); /* the highest score there */
    if (mark) this.show(mark);
  }
}
