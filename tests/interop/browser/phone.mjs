// What every browser's phone here has, whatever speaks SIP in it: a log that a test waits for, a tone
// that it says, and an ear. The test drives it through window.phone.
export const phone = {
  log: [],
  session: null,
  waiting: [],
  patient: false, // answers when it is told to, and not at once
};

export function note(what, more = {}) {
  const entry = { what, ...more };
  phone.log.push(entry);
  phone.waiting = phone.waiting.filter((one) => !one(entry));
}

/** The next entry of that kind, or one already noted from position `from` on. */
phone.wait = (what, from = 0, seconds = 20) =>
  new Promise((resolve, reject) => {
    const known = phone.log.slice(from).find((entry) => entry.what === what);
    if (known) return resolve(known);
    const timer = setTimeout(
      () => reject(new Error(`no ${what} in ${seconds} s; noted: ${JSON.stringify(phone.log)}`)),
      seconds * 1000,
    );
    phone.waiting.push((entry) => {
      if (entry.what !== what) return false;
      clearTimeout(timer);
      resolve(entry);
      return true;
    });
  });

/** From now on the microphone says that tone. */
export async function say(hz) {
  const context = new AudioContext();
  await context.resume();
  const oscillator = new OscillatorNode(context, { frequency: hz });
  const gain = new GainNode(context, { gain: 0.4 });
  const microphone = context.createMediaStreamDestination();
  oscillator.connect(gain).connect(microphone);
  oscillator.start();
  phone.context = context;
  phone.microphone = microphone.stream;
}

/** Hear what a connection brings, and note how it is. */
export function listen(connection) {
  phone.connection = connection;
  connection.addEventListener("connectionstatechange", () =>
    note("media", { state: connection.connectionState }),
  );
  connection.addEventListener("track", ({ track }) => {
    const stream = new MediaStream([track]);
    // Without an element that plays it, Chromium hands a remote track's sound to nobody.
    const speaker = new Audio();
    speaker.srcObject = stream;
    speaker.muted = true;
    speaker.play();
    const ear = new AnalyserNode(phone.context, { fftSize: 8192, smoothingTimeConstant: 0 });
    phone.context.createMediaStreamSource(stream).connect(ear);
    phone.speaker = speaker;
    phone.ear = ear;
    note("track");
  });
}

/** Press keys, each for 160 ms (RFC 4733). */
phone.press = (keys) => phone.connection.getSenders()[0].dtmf.insertDTMF(keys, 160, 100);

/** Speak, or say nothing. */
phone.speak = (on) => {
  phone.connection.getSenders()[0].track.enabled = on;
};

/** How loud each of these is in the last 170 ms heard, in decibels. */
phone.decibels = (...hertz) => {
  const bins = new Float32Array(phone.ear.frequencyBinCount);
  phone.ear.getFloatFrequencyData(bins);
  const width = phone.context.sampleRate / phone.ear.fftSize;
  return hertz.map((hz) => Math.max(-200, bins[Math.round(hz / width)]));
};

/** What is loudest in the last 170 ms heard: { hz, decibel }. */
phone.hears = () => {
  if (!phone.ear) return { hz: 0, decibel: -200 };
  const bins = new Float32Array(phone.ear.frequencyBinCount);
  phone.ear.getFloatFrequencyData(bins);
  let best = 0;
  for (let i = 1; i < bins.length; i += 1) if (bins[i] > bins[best]) best = i;
  const width = phone.context.sampleRate / phone.ear.fftSize;
  return { hz: best * width, decibel: Number.isFinite(bins[best]) ? bins[best] : -200 };
};

window.phone = phone;
