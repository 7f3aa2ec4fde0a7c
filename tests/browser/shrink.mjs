// Makes a screenshot small enough to be committed: its 256 commonest colours, every other one as the nearest of them.
//
//   node tests/browser/shrink.mjs TAKEN.png SMALL.png

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const COLOURS = 256;

/** The pixels of a PNG with 8 bits a channel and no interlacing, as Chromium writes them: one number 0xRRGGBB each. */
function read(png) {
  const data = [];
  let head = null;
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    const name = png.toString('latin1', at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (name === 'IHDR') head = body;
    if (name === 'IDAT') data.push(body);
    at += 12 + length;
  }
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  assert.ok(head[8] === 8 && (head[9] === 2 || head[9] === 6) && head[12] === 0, 'a colour PNG of Chromium');
  const channels = head[9] === 6 ? 4 : 3;
  const bytes = unfiltered(inflateSync(Buffer.concat(data)), width * channels, height, channels);
  const pixels = new Uint32Array(width * height);
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = bytes.readUIntBE(i * channels, 3);
  return { width, height, pixels };
}

/** Undoes the prediction of each line: from the left, from above, their mean, or Paeth's choice. */
function unfiltered(raw, stride, height, channels) {
  const bytes = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (stride + 1)];
    for (let x = 0; x < stride; x += 1) {
      const at = y * stride + x;
      const left = x >= channels ? bytes[at - channels] : 0;
      const above = y ? bytes[at - stride] : 0;
      const corner = x >= channels && y ? bytes[at - stride - channels] : 0;
      const predicted = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter];
      bytes[at] = raw[y * (stride + 1) + 1 + x] + predicted;
    }
  }
  return bytes;
}

function paeth(left, above, corner) {
  const guess = left + above - corner;
  const [toLeft, toAbove, toCorner] = [left, above, corner].map((value) => Math.abs(guess - value));
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

const channelsOf = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];

function distance(a, b) {
  const [first, second] = [channelsOf(a), channelsOf(b)];
  return first.reduce((sum, value, i) => sum + (value - second[i]) ** 2, 0);
}

/** The commonest colours, and for every colour the place of the nearest of them. */
function reduced(pixels) {
  const counts = new Map();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const palette = [...counts].sort(([, a], [, b]) => b - a).slice(0, COLOURS).map(([colour]) => colour);
  const place = new Map();
  for (const colour of counts.keys()) {
    const distances = palette.map((kept) => distance(kept, colour));
    place.set(colour, distances.indexOf(Math.min(...distances)));
  }
  return { palette, place };
}

function chunk(name, body) {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), body]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(body.length, 0);
  frame.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
}

function write({ width, height, pixels }) {
  const { palette, place } = reduced(pixels);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) lines[y * (width + 1) + 1 + x] = place.get(pixels[y * width + x]);
  }
  const colours = Buffer.from(palette.flatMap(channelsOf));
  const packed = deflateSync(lines, { level: 9, memLevel: 9 });
  return Buffer.concat([SIGNATURE, chunk('IHDR', head), chunk('PLTE', colours), chunk('IDAT', packed), chunk('IEND', Buffer.alloc(0))]);
}

const [taken, small] = process.argv.slice(2);
writeFileSync(small, write(read(readFileSync(taken))));
