export const later = (half: bigint): string => `${half * 2n}`;
