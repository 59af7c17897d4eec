// A browser that offers video before audio, under the policy that it is told.
"use strict";

let pc;
const analyser = {};

function tone(context, hz) {
  const oscillator = context.createOscillator();
  const sink = context.createMediaStreamDestination();
  oscillator.frequency.value = hz;
  oscillator.connect(sink);
  oscillator.start();
  return sink.stream.getAudioTracks()[0];
}

function picture() {
  const canvas = document.createElement("canvas");
  canvas.getContext("2d").fillRect(0, 0, 9, 9);
  return canvas.captureStream(5).getVideoTracks()[0];
}

async function described() {
  await pc.setLocalDescription();
  await new Promise((done) => {
    const look = () => pc.iceGatheringState === "complete" && done();
    pc.onicegatheringstatechange = look;
    look();
  });
  return pc.localDescription.sdp;
}

async function offer(policy, hz) {
  const context = new AudioContext();
  await context.resume();
  pc = new RTCPeerConnection({ bundlePolicy: policy });
  pc.addTransceiver(picture());
  pc.addTransceiver(tone(context, hz));
  pc.ontrack = ({ track }) => {
    if (track.kind !== "audio") return;
    const stream = new MediaStream([track]);
    const player = new Audio();
    player.muted = true; // Chromium decodes what something plays
    player.srcObject = stream;
    player.play();
    analyser.node = context.createAnalyser();
    analyser.node.fftSize = 8192;
    analyser.rate = context.sampleRate;
    context.createMediaStreamSource(stream).connect(analyser.node);
  };
  return described();
}

async function accept(sdp) {
  await pc.setRemoteDescription({ type: "answer", sdp });
}

async function again() {
  return described();
}

// The loudest frequency that is heard, in hertz.
function loudest() {
  if (!analyser.node) return 0;
  const bins = new Float32Array(analyser.node.frequencyBinCount);
  analyser.node.getFloatFrequencyData(bins);
  const at = bins.indexOf(Math.max(...bins));
  return bins[at] > -80 ? (at * analyser.rate) / analyser.node.fftSize : 0;
}
