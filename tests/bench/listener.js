// The other end of a call in a browser: it takes an offer, plays what comes, and tells its figures.
let phone = null;
let began = 0;
const blocks = [];

// All that is heard, as NetEq hands it out; `began` is when the first block came (Unix time, ms).
async function record(track) {
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    began = began || performance.timeOrigin + performance.now();
    const block = new Float32Array(value.numberOfFrames);
    value.copyTo(block, { planeIndex: 0, format: "f32-planar" });
    blocks.push([value.sampleRate, block]);
    value.close();
  }
}

async function recorded() {
  const size = blocks.reduce((sum, [, block]) => sum + block.length, 0);
  const samples = new Int16Array(size);
  let at = 0;
  for (const [, block] of blocks) {
    for (const value of block) samples[at++] = Math.max(-1, Math.min(1, value)) * 32767;
  }
  const bytes = new Uint8Array(samples.buffer);
  let text = "";
  for (let from = 0; from < bytes.length; from += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(from, from + 0x8000));
  }
  return { began, rate: blocks.length ? blocks[0][0] : 0, pcm: btoa(text) };
}

async function listen(offer) {
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  phone = new RTCPeerConnection({ iceServers: [] });
  const speaker = new Audio();
  phone.ontrack = (event) => {
    speaker.srcObject = new MediaStream([event.track]);
    speaker.play();
    record(event.track.clone());
  };
  await phone.setRemoteDescription({ type: "offer", sdp: offer });
  phone.addTrack(microphone.getAudioTracks()[0], microphone);
  await phone.setLocalDescription(await phone.createAnswer());
  await new Promise((done) => {
    const look = () => phone.iceGatheringState === "complete" && done();
    phone.onicegatheringstatechange = look;
    look();
  });
  return phone.localDescription.sdp;
}

async function figures() {
  for (const one of (await phone.getStats()).values()) {
    if (one.type === "inbound-rtp" && one.kind === "audio") {
      const { jitterBufferDelay, jitterBufferEmittedCount, concealedSamples } = one;
      const { totalSamplesReceived, packetsReceived, silentConcealedSamples } = one;
      return {
        jitterBufferDelay, jitterBufferEmittedCount, concealedSamples,
        totalSamplesReceived, packetsReceived, silentConcealedSamples,
      };
    }
  }
  return null;
}
