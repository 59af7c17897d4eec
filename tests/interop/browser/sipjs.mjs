// A softphone of a few lines on SIP.js.
import {
  Inviter,
  Registerer,
  RegistererState,
  SessionState,
  UserAgent,
  Web,
} from "sip.js";

import { listen, note, phone, say } from "./phone.mjs";

const own = new Set(); // the sessions that we ended ourselves

phone.start = async ({ ws, uri, user, password, hz, confirms }) => {
  await say(hz);
  phone.ua = new UserAgent({
    uri: UserAgent.makeURI(uri),
    transportOptions: { server: ws },
    authorizationUsername: user,
    authorizationPassword: password,
    logBuiltinEnabled: false,
    sipExtension100rel: confirms ? "Required" : "Supported",
    sendInitialProvisionalResponse: !confirms, // it would begin the session before it is followed
    sipExtensionReplaces: "Supported",
    sessionDescriptionHandlerFactory: Web.defaultSessionDescriptionHandlerFactory(async () =>
      phone.microphone.clone(),
    ),
    sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: { iceServers: [] } },
    delegate: {
      async onInvite(invitation) {
        follow(invitation);
        note("offered", { from: invitation.remoteIdentity.uri.toString() });
        if (phone.patient) return;
        if (confirms) {
          await invitation.progress(); // until its PRACK
          note("rang", { as: invitation.rel100 });
        }
        invitation.accept();
      },
    },
  });
  await phone.ua.start();
  const registerer = new Registerer(phone.ua, { expires: 600 });
  registerer.stateChange.addListener((state) => {
    if (state === RegistererState.Registered) note("registered");
  });
  await registerer.register({
    requestDelegate: {
      onReject: ({ message }) => note("registration failed", { status: message.statusCode }),
    },
  });
};

function follow(session) {
  phone.session = session;
  session.delegate = {
    onSessionDescriptionHandler: (handler) => listen(handler.peerConnection),
    onInfo: (info) => {
      info.accept();
      note("info", { body: info.request.body, type: info.request.getHeader("Content-Type") });
    },
    onInvite: (request) => note("re-offered", { sdp: request.body }),
    onRefer: (referral) => {
      note("refer", { to: referral.referTo.uri.toString() });
      referral.accept().then(() => {
        const inviter = referral.makeInviter();
        follow(inviter);
        inviter.invite();
      });
    },
  };
  session.stateChange.addListener((state) => {
    if (state === SessionState.Established) note("confirmed");
    if (state === SessionState.Terminated) note("ended", { by: own.has(session) ? "local" : "remote" });
  });
}

/** Call somebody. */
phone.call = (target) => {
  const inviter = new Inviter(phone.ua, UserAgent.makeURI(target));
  follow(inviter);
  return inviter.invite({
    requestDelegate: {
      onReject: ({ message }) => note("failed", { status: message.statusCode }),
    },
  }).then(() => undefined);
};

/** Call somebody beside the call that there is. */
phone.consult = (target) => {
  phone.first = phone.session;
  return phone.call(target);
};

/** Take the call that rings. */
phone.answer = () => phone.session.accept();

/** Refuse it. */
phone.refuse = (statusCode) => phone.session.reject({ statusCode });

const changed = (how) =>
  new Promise((resolve, reject) => {
    phone.session
      .invite({
        sessionDescriptionHandlerOptions: how,
        requestDelegate: {
          onAccept: () => resolve(true),
          onReject: ({ message }) => reject(new Error(`${message.statusCode}`)),
        },
      })
      .catch(reject);
  });

/** Hold the call, or take it up again: a re-INVITE. */
phone.hold = (on) => changed({ hold: on });

/** Set the path up anew: a re-INVITE with a restart of ICE; resolves when the other side agrees. */
phone.renew = () => changed({ hold: false, offerOptions: { iceRestart: true } });

/** Put the first call through to the second, or to a number, and out. */
phone.connect = (target) => {
  const first = target ? phone.session : phone.first;
  return first
    .refer(target ? UserAgent.makeURI(target) : phone.session, {
      onNotify: (notification) => {
        notification.accept();
        const status = Number(/^SIP\/2\.0 (\d+)/.exec(notification.request.body)?.[1]);
        if (status >= 300) note("not put through", { status });
        if (status < 200 || status >= 300) return;
        note("put through");
        own.add(first);
        first.bye();
      },
      requestDelegate: { onReject: () => note("not put through") },
    })
    .then(() => undefined);
};

phone.hangUp = () => {
  const session = phone.session;
  own.add(session);
  if (session.state === SessionState.Established) session.bye();
  else if (session instanceof Inviter) session.cancel();
};

phone.stop = () => phone.ua.stop();
