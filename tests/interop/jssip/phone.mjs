// A softphone of a few lines on JsSIP, driven by the test through window.phone.
import JsSIP from "jssip";

const phone = {
  log: [],
  session: null,
  said: null, // the oscillator's frequency
  waiting: [],
};

function note(what, more = {}) {
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

phone.start = async ({ ws, uri, user, password, hz }) => {
  const context = new AudioContext();
  await context.resume();
  const oscillator = new OscillatorNode(context, { frequency: hz });
  const gain = new GainNode(context, { gain: 0.4 });
  const microphone = context.createMediaStreamDestination();
  oscillator.connect(gain).connect(microphone);
  oscillator.start();
  phone.context = context;
  phone.microphone = microphone.stream;
  phone.ua = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(ws)],
    uri,
    authorization_user: user,
    password,
    register: true,
    register_expires: 600,
    session_timers: true,
    user_agent: "JsSIP",
  });
  phone.ua.on("registered", () => note("registered"));
  phone.ua.on("registrationFailed", ({ cause, response }) =>
    note("registration failed", { cause, status: response ? response.status_code : 0 }),
  );
  phone.ua.on("disconnected", ({ code, reason }) => note("disconnected", { code, reason }));
  phone.ua.on("newMessage", ({ originator, request }) => {
    if (originator === "remote") {
      note("message", { body: request.body, type: request.getHeader("Content-Type") });
    }
  });
  phone.ua.on("newRTCSession", ({ originator, session }) => {
    if (originator !== "remote") return; // one of its own, that a REFER asked for
    follow(session);
    note("offered", { from: session.remote_identity.uri.toString() });
    session.answer(sound());
  });
  phone.ua.start();
};

const sound = () => ({
  mediaStream: phone.microphone.clone(), // JsSIP mutes the tracks of a call that is held
  mediaConstraints: { audio: true, video: false },
  pcConfig: { iceServers: [] },
});

function follow(session) {
  phone.session = session;
  if (session.connection) listen(session.connection);
  else session.on("peerconnection", ({ peerconnection }) => listen(peerconnection));
  session.on("accepted", () => note("accepted"));
  session.on("confirmed", () => note("confirmed"));
  session.on("hold", ({ originator: by }) => note("hold", { by }));
  session.on("unhold", ({ originator: by }) => note("unhold", { by }));
  session.on("newInfo", ({ originator: by, info, request }) => {
    if (by === "remote") note("info", { body: request.body, type: info.contentType });
  });
  session.on("refer", ({ request, accept }) => {
    note("refer", { to: request.refer_to.toString() });
    accept(follow, sound());
  });
  session.on("failed", ({ cause, originator: by }) => note("failed", { cause, by }));
  session.on("ended", ({ cause, originator: by }) => note("ended", { cause, by }));
}

function listen(connection) {
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

/** Send a MESSAGE; resolves to the status of its final response. */
phone.send = (target, body, contentType) =>
  new Promise((resolve) => {
    phone.ua.sendMessage(target, body, {
      contentType,
      eventHandlers: {
        succeeded: ({ response }) => resolve(response.status_code),
        failed: ({ response, cause }) => resolve(response ? response.status_code : cause),
      },
    });
  });

/** Call somebody beside the call that there is. */
phone.consult = (target) => {
  phone.first = phone.session;
  follow(phone.ua.call(target, sound()));
};

/** Put the first call through to the second, and out. */
phone.connect = () => {
  const news = phone.first.refer(phone.session.remote_identity.uri, { replaces: phone.session });
  news.on("accepted", () => {
    note("put through");
    phone.first.terminate();
  });
  for (const event of ["requestFailed", "failed"]) news.on(event, () => note("not put through"));
};

phone.hangUp = () => phone.session.terminate();

phone.stop = () => phone.ua.stop();

window.phone = phone;
