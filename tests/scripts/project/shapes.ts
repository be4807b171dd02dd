export interface Shape {
  readonly name: string;
  area(): number;
}

abstract class Named implements Shape {
  constructor(public readonly name: string) {}
  abstract area(): number;
}

export class Circle extends Named {
  #radius: number;
  constructor(name: string, radius: number) {
    super(name);
    this.#radius = radius;
  }
  area(): number {
    return Math.PI * this.#radius ** 2;
  }
}

export class Square extends Named {
  constructor(name: string, private side: number) {
    super(name);
  }
  area(): number {
    return this.side * this.side;
  }
}

export const areaOf = (shape: Shape): number => shape.area();
