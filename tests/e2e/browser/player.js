// Plays the video that the address names (?video=ID) and writes down what happens, for the test.
"use strict";

const id = new URLSearchParams(location.search).get("video");
const video = document.querySelector("video");
const hls = new Hls();

const seen = {
  first: null, // the video's state and the end of what was listed, when the first frame was shown
  fatal: [],
  errors: [],
  stalls: 0,
  heights: [], // of the pictures that were shown, in order
};

hls.on(Hls.Events.ERROR, (_, data) => {
  // The player itself gave a request up, for another rendition: nothing that the stream did.
  if (data.details === Hls.ErrorDetails.INTERNAL_ABORTED) return;
  (data.fatal ? seen.fatal : seen.errors).push(`${data.details}: ${data.error?.message}`);
});
video.addEventListener("waiting", () => {
  // Before the first frame, and after a seek, waiting is no stall.
  if (seen.first && !video.seeking) seen.stalls += 1;
});
video.addEventListener("resize", () => seen.heights.push(video.videoHeight));
video.requestVideoFrameCallback(async (_, frame) => {
  const { edge } = hls.latestLevelDetails;
  // Asked after the frame: what is still processing now was so when the frame was shown.
  const answer = await fetch(`/api/videos/${id}`);
  seen.first = { state: (await answer.json()).state, edge, at: frame.mediaTime };
});

// How much the brightness of the shown frame varies, from 0 (one colour) to 255.
function contrast() {
  const canvas = new OffscreenCanvas(64, 36);
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const greens = data.filter((_, place) => place % 4 === 1);
  return Math.max(...greens) - Math.min(...greens);
}

// Whether the player has read that nothing more will come.
const complete = () => hls.latestLevelDetails?.live === false;

function report() {
  const { totalVideoFrames: total, droppedVideoFrames: dropped } = video.getVideoPlaybackQuality();
  const { currentTime: time, readyState, duration } = video;
  const codecs = hls.levels.map((level) => level.videoCodec);
  return { ...seen, time, readyState, duration, codecs, quality: { total, dropped } };
}

hls.loadSource(`/api/videos/${id}/hls/master.m3u8`);
hls.attachMedia(video);
