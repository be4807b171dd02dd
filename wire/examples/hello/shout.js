/// <reference path="./shout.d.ts" />

/** @type {Handlers} */
const handlers = {
  shout: ({ text }) => text.toUpperCase(),
};
