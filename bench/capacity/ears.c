/* Tones, windows and mu-law (ITU-T G.711) for the load generator. */
#include "ears.h"
#include <math.h>

static const int frequency[TONES] = {463, 967, 1613, 2221, 2617, 3083, 3323};
/* [rate is 16 kHz][tone][sample], Hann window included; the echo window is ECHO_FRAMES long. */
static float cosine[2][TONES][MAX_FRAME], sine[2][TONES][MAX_FRAME];
static float echo_cosine[2][TONES][MAX_FRAME * ECHO_FRAMES], echo_sine[2][TONES][MAX_FRAME * ECHO_FRAMES];
static float advance_re[TONES], advance_im[TONES];
static float share_of_level[1001];
float ulaw_decoded[256];

static void window(float *c, float *s, int samples, double radians) {
  for (int n = 0; n < samples; n++) {
    double hann = (1 - cos(2 * M_PI * n / samples)) * 2 / samples;
    c[n] = (float)(hann * cos(radians * n) / AMPLITUDE);
    s[n] = (float)(hann * sin(radians * n) / AMPLITUDE);
  }
}

void ears_init(void) {
  for (int wide = 0; wide < 2; wide++)
    for (int tone = 0; tone < TONES; tone++) {
      double radians = 2 * M_PI * frequency[tone] / (wide ? 16000 : 8000);
      int samples = wide ? 320 : 160;
      window(cosine[wide][tone], sine[wide][tone], samples, radians);
      window(echo_cosine[wide][tone], echo_sine[wide][tone], samples * ECHO_FRAMES, radians);
      advance_re[tone] = (float)cos(radians * samples);
      advance_im[tone] = (float)sin(radians * samples);
    }
  /* The last part f of a Hann window holds f - sin(2 pi f) / (2 pi) of its area. */
  int step = 0;
  for (int level = 0; level <= 1000; level++) {
    while (step < 10000 && step / 1e4 - sin(2 * M_PI * step / 1e4) / (2 * M_PI) < level / 1e3) step++;
    share_of_level[level] = (float)(step / 1e4);
  }
  for (int code = 0; code < 256; code++) {
    int u = ~code & 0xff, exponent = (u >> 4) & 7;
    int magnitude = (((u & 15) << 3) + 0x84) << exponent;
    ulaw_decoded[code] = (float)(u & 0x80 ? 0x84 - magnitude : magnitude - 0x84) / 32768.0f;
  }
}

struct hearing ears_listen(const float *frame, int samples, int tone) {
  const float *c = cosine[samples == 320][tone], *s = sine[samples == 320][tone];
  float re = 0, im = 0;
  for (int n = 0; n < samples; n++) {
    re += frame[n] * c[n];
    im += frame[n] * s[n];
  }
  /* exp(-i w n): the sign makes the phase advance with time. */
  return (struct hearing){sqrtf(re * re + im * im), re, -im};
}

int ears_spliced(struct hearing before, struct hearing now, int tone) {
  float expected_re = before.re * advance_re[tone] - before.im * advance_im[tone];
  float expected_im = before.re * advance_im[tone] + before.im * advance_re[tone];
  float along = now.re * expected_re + now.im * expected_im;
  /* More than 45 degrees off. */
  return along < 0.7071f * before.level * now.level;
}

float ears_share(float level) {
  return level >= 1 ? 1 : share_of_level[(int)(level * 1000)];
}

float ears_echo(const float *samples, int count, int tone) {
  const float *c = echo_cosine[count > 160 * ECHO_FRAMES][tone], *s = echo_sine[count > 160 * ECHO_FRAMES][tone];
  float re = 0, im = 0;
  for (int n = 0; n < count; n++) {
    re += samples[n] * c[n];
    im += samples[n] * s[n];
  }
  return 10 * log10f(re * re + im * im + 1e-12f);
}

float ears_tone(int tone, int64_t index, int rate) {
  return (float)sin(2 * M_PI * frequency[tone] * (double)(index % rate) / rate);
}

uint8_t ulaw_encode(float sample) {
  int value = (int)lrintf(sample * 32768.0f), sign = value < 0 ? 0x80 : 0;
  if (value < 0) value = -value;
  if (value > 32635) value = 32635;
  value += 0x84;
  int exponent = 7;
  while (exponent > 0 && !(value & (0x80 << exponent))) exponent--;
  return (uint8_t)~(sign | (exponent << 4) | ((value >> (exponent + 3)) & 15));
}
