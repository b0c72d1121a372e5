import { parentPort } from 'node:worker_threads';
import { measureEventLoopLag } from './event-loop-lag.ts';

/** The thread behind `watchIdleLoop`: does nothing but measure; each message ends a measurement and begins the next. */
let end = measureEventLoopLag();
parentPort?.on('message', () => {
  parentPort?.postMessage(end());
  end = measureEventLoopLag();
});
