// A browser's end of a call that prefers opus with redundant copies: it offers, or takes an offer.
const phone = new RTCPeerConnection({ iceServers: [] });
const sound = new AudioContext();
const track = (() => {
  const voice = sound.createOscillator();
  voice.frequency.value = 1200;
  const out = sound.createMediaStreamDestination();
  voice.connect(out);
  voice.start();
  return out.stream.getAudioTracks()[0];
})();
const speaker = new Audio();
let listener = null;
phone.ontrack = (event) => {
  const stream = new MediaStream([event.track]);
  speaker.srcObject = stream;
  speaker.play();
  listener = sound.createAnalyser();
  listener.fftSize = 4096;
  sound.createMediaStreamSource(stream).connect(listener);
};

async function gathered() {
  await new Promise((done) => {
    const look = () => phone.iceGatheringState === "complete" && done();
    phone.onicegatheringstatechange = look;
    look();
  });
  return phone.localDescription.sdp;
}

// The codec that stands first is the one that is sent.
function preferRed(transceiver) {
  const all = RTCRtpReceiver.getCapabilities("audio").codecs;
  const red = all.filter((one) => one.mimeType.toLowerCase() === "audio/red");
  const rest = all.filter((one) => one.mimeType.toLowerCase() !== "audio/red");
  transceiver.setCodecPreferences([...red, ...rest]);
  return red.length;
}

async function offer() {
  const transceiver = phone.addTransceiver(track, { direction: "sendrecv" });
  preferRed(transceiver);
  await phone.setLocalDescription(await phone.createOffer());
  return gathered();
}

async function accept(sdp) {
  await phone.setRemoteDescription({ type: "answer", sdp });
}

async function answer(sdp) {
  await phone.setRemoteDescription({ type: "offer", sdp });
  phone.addTrack(track);
  preferRed(phone.getTransceivers()[0]);
  await phone.setLocalDescription(await phone.createAnswer());
  return gathered();
}

async function figures() {
  const told = {};
  const all = await phone.getStats();
  for (const one of all.values()) {
    if (one.type === "inbound-rtp" || one.type === "outbound-rtp") {
      const codec = all.get(one.codecId);
      told[one.type] = { ...one, codec: codec && `${codec.mimeType} ${codec.payloadType}` };
    }
  }
  return told;
}

function loudest() {
  if (listener === null) return 0;
  const bins = new Float32Array(listener.frequencyBinCount);
  listener.getFloatFrequencyData(bins);
  let best = 0;
  bins.forEach((value, at) => { if (value > bins[best]) best = at; });
  return best * sound.sampleRate / listener.fftSize;
}
