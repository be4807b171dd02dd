// The world of shapes.wit in JavaScript.
const twice = (points) => points.reduce((sum, a, i) => { const b = points[(i + 1) % points.length]; return sum + a.x * b.y - b.x * a.y; }, 0);

function area(shape) {
  switch (shape.tag) {
    case 'circle': return Math.PI * shape.val ** 2;
    case 'polygon': return Math.abs(twice(shape.val)) / 2;
    case 'named': throw `no such shape: ${shape.val}`;
    default: return 0;
  }
}

class Canvas {
  #name; #shapes = 0; #total = 0;
  constructor(name) { this.#name = name; }
  add(shape) { try { this.#total += area(shape); } catch {} return ++this.#shapes; }
  total() { return this.#total; }
  name() { return this.#name; }
}

export const geometry = {
  greet: (name) => `Hello, ${name}`,
  sort: (numbers) => Int32Array.from(numbers).sort(),
  bounds(points) {
    if (points.length === 0) return undefined;
    const x = points.map((p) => p.x), y = points.map((p) => p.y);
    return [{ x: Math.min(...x), y: Math.min(...y) }, { x: Math.max(...x), y: Math.max(...y) }];
  },
  area,
  Canvas,
};
