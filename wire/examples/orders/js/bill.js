/// <reference path="./bill.d.ts" />

/** @type {Handlers} */
const handlers = {
  add_up(input) {
    if (input.lines.length === 0) throw new Error('nothing is ordered');
    const bill = { text: `for ${input.customer}${input.size === 'extra large' ? ', large' : ''}`, sum: 0, count: 0, order: input };
    for (const line of input.lines) {
      bill.sum += line.price * line.count;
      bill.count += line.count;
    }
    if (typeof input.payment === 'number') bill.account = input.payment;
    return bill;
  },
};
