/* Arrays out of the page's script elements: base64, deflate, byte planes, differences. */
const ARRAYS = { Uint8: Uint8Array, Int8: Int8Array, Int16: Int16Array, Uint32: Uint32Array, Int32: Int32Array,
  Float32: Float32Array, BigInt64: BigInt64Array };
const arraysRead = new Map();

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/* The array of that id; the same object each time it is asked for. */
function readArray(id) {
  if (!arraysRead.has(id)) arraysRead.set(id, decodeArray(document.getElementById(id)));
  return arraysRead.get(id);
}

async function decodeArray(element) {
  const packed = Uint8Array.from(atob(element.textContent), (c) => c.charCodeAt(0));
  const planes = await inflate(packed);
  const { type, count: countText, stride: strideText } = element.dataset;
  const values = new ARRAYS[type](Number(countText));
  const bytes = new Uint8Array(values.buffer), size = values.BYTES_PER_ELEMENT, count = values.length;
  for (let b = 0; b < size; b++)
    for (let i = 0, from = b * count; i < count; i++) bytes[i * size + b] = planes[from + i];
  const stride = Number(strideText);
  if (stride) for (let i = stride; i < count; i++) values[i] += values[i - stride];
  element.textContent = "";
  return values;
}
