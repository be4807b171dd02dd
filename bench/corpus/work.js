// JavaScript for the miner, in QuickJS: objects, closures, arrays, maps, strings, regular expressions, JSON.
class Account {
  constructor(name) { this.name = name; this.balance = 0; }
  deposit(amount) { this.balance += amount; return this; }
}
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
export function work() {
  const said = [fib(19)];
  const words = Array.from({ length: 3000 }, (_, i) => `word${(i * 7919) % 211}`);
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  said.push([...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 3).join(' '));
  const accounts = Array.from({ length: 40 }, (_, i) => new Account(`account ${i}`));
  for (let i = 0; i < 4000; i++) accounts[(i * 31) % 40].deposit(i % 17);
  said.push(accounts.map((a) => a.balance).reduce((a, b) => a + b), words.join(' ').match(/d\d*7 /g).length);
  const parsed = JSON.parse(JSON.stringify(accounts));
  said.push(parsed.length, parsed[3].name.split(' ').reverse().join('-'));
  const sieve = new Uint8Array(5000);
  let primes = 0;
  for (let i = 2; i < 5000; i++) {
    if (sieve[i]) continue;
    primes++;
    for (let j = i * i; j < 5000; j += i) sieve[j] = 1;
  }
  let sum = 0;
  for (let i = 0; i < 3000; i++) sum += Math.sin(i) * Math.sqrt(i);
  said.push(primes, sum.toFixed(6));
  return said.join('\n');
}
