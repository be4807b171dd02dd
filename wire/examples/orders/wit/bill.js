// Against the app's own WIT: values come typed, so there is no glue. componentize-qjs gives and takes integers of 64 bits as numbers.
export const handlers = {
  addUp(input) {
    if (input.lines.length === 0) throw { tag: 'handler-err', val: 'nothing is ordered' };
    const bill = { text: `for ${input.customer}${input.size === 'extra-large' ? ', large' : ''}`, sum: 0, count: 0, account: undefined, order: input };
    for (const line of input.lines) {
      bill.sum += line.price * line.count;
      bill.count += line.count;
    }
    if (input.payment?.tag === 'account') bill.account = input.payment.val;
    return bill;
  },
};
