export const neverTrue = false;

export function title(value: string): string {
  return value.replace(/(^|\s)(\p{L})/gu, (letters) => letters.toUpperCase());
}

export function* words(value: string): Generator<string> {
  for (const word of value.split(' ')) yield `${word}:${word.length}`;
}

export function unused(): never {
  throw new Error('shaken off');
}
