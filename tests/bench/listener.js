// The other end of a call in a browser: it takes an offer, plays what comes, and tells its figures.
let phone = null;

async function listen(offer) {
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  phone = new RTCPeerConnection({ iceServers: [] });
  const speaker = new Audio();
  phone.ontrack = (event) => {
    speaker.srcObject = new MediaStream([event.track]);
    speaker.play();
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
