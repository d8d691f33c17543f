// Completes the step of the loop with bpmn-engine: in memory, and with the case in a file.
// node bpmn_engine.mjs <diagram> <loops> <folder>; prints processor milliseconds and sizes as JSON.
import { EventEmitter } from 'node:events';
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from 'bpmn-engine';

const [diagram, loops, folder] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const source = readFileSync(diagram, 'utf8');
const variables = { leave: false };

/** A case that says which step waits for a person. */
class Case {
  listener = new EventEmitter();
  owed = null;

  constructor() {
    this.listener.on('activity.wait', (step) => { this.owed = step; });
  }

  async begin() {
    this.engine = new Engine({ name: 'forty', source });
    await this.engine.execute({ listener: this.listener, variables });
  }

  async goOn(state) {
    this.engine = new Engine().recover(state);
    await this.engine.resume({ listener: this.listener });
    await this.settled();
  }

  async complete() {
    const step = this.owed;
    this.owed = null;
    step.signal();
    await this.settled();
  }

  async settled() {
    for (let turn = 0; this.owed === null; turn += 1) {
      if (turn > 100) throw new Error('nothing waits for a person');
      await new Promise((done) => { setImmediate(done); });
    }
  }
}

async function timed(work) {
  const times = [];
  for (let number = 0; number < loops; number += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  return times;
}

async function atTheLoop() {
  const found = new Case();
  await found.begin();
  while (found.owed.id !== 'record') await found.complete();
  return found;
}

const file = openSync(join(folder, 'state.json'), 'w+');

function write(body) {
  // One file, durable as a commit is; nothing cheaper would be safe.
  ftruncateSync(file, 0);
  writeSync(file, body, 0);
  fsyncSync(file);
}

const inMemory = await atTheLoop();
const memory = await timed(() => inMemory.complete());

const first = JSON.stringify(await (await atTheLoop()).engine.getState());
write(first);
let size = first.length;
const row = await timed(async () => {
  const found = new Case();
  await found.goOn(JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')));
  if (found.owed.id !== 'record') throw new Error(`${found.owed.id} waits`);
  await found.complete();
  const body = JSON.stringify(await found.engine.getState());
  size = body.length;
  write(body);
  found.engine.stop();
});
closeSync(file);
console.log(JSON.stringify({ memory, row, size: [first.length, size] }));
