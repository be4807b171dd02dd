// What the bundler bundles: types to strip, an enum, generics, a namespace import, dead code, JSON, a dynamic import.
import type { Shape } from './shapes';
import { Circle, Square, areaOf } from './shapes';
import * as text from './text';
import settings from './settings.json';

enum Level {
  Low = 1,
  High = 10,
}

function first<T extends { name: string }>(items: readonly T[], fallback: T): T {
  return items.find((item) => item.name.length > settings.shortest) ?? fallback;
}

const shapes: Shape[] = [new Circle('round', 2), new Square('edgy', 3)];

if (text.neverTrue) {
  console.log('dead code');
}

console.log(text.title(settings.greeting), Level.High + Level.Low);
for (const shape of shapes) console.log(shape.name, areaOf(shape).toFixed(3));
console.log(first(shapes, shapes[0])!.name, [...text.words('some words here')].join('|'));
console.log(await import('./later').then(({ later }) => later(21n)));
