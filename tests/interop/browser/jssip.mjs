// A softphone of a few lines on JsSIP.
import JsSIP from "jssip";

import { listen, note, phone, say } from "./phone.mjs";

phone.start = async ({ ws, uri, user, password, hz }) => {
  await say(hz);
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
    if (!phone.patient) phone.answer();
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

/** Take the call that rings. */
phone.answer = () => phone.session.answer(sound());

/** Refuse it. */
phone.refuse = (status) => phone.session.terminate({ status_code: status });

/** Call somebody. */
phone.call = (target) => follow(phone.ua.call(target, sound()));

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

/** Hold the call, or take it up again, by UPDATE; resolves when the other side has agreed. */
phone.hold = (on) =>
  new Promise((resolve) => {
    phone.session[on ? "hold" : "unhold"]({ useUpdate: true }, resolve);
  });

/** Set the path up anew: a re-INVITE with a restart of ICE; resolves when the other side agrees. */
phone.renew = () =>
  new Promise((resolve) => {
    phone.session.renegotiate({ rtcOfferConstraints: { iceRestart: true } }, resolve);
  });

phone.hangUp = () => phone.session.terminate();

phone.stop = () => phone.ua.stop();
