/* What a listener hears, frame by frame: which tones are there, since when, and whether their phase jumped.
   Tones are primes far from multiples of 50 Hz, so that a repeated or dropped 20 ms frame shows as a phase jump and the
   noise of mu-law is spread over a second; their third-order products fall on none of them. */
#ifndef EARS_H
#define EARS_H
#include <stdint.h>

#define TONES 7
#define MAX_FRAME 320
/* Own-echo windows: 25 frames, half a second, so that products of quantisation fall beside the tone. */
#define ECHO_FRAMES 25
/* Peak of every tone against full scale: four of them stay below it. */
#define AMPLITUDE 0.15f

struct hearing {
  /* Hann-windowed amplitude against AMPLITUDE: 1 is the tone as sent. */
  float level;
  float re, im;
};

void ears_init(void);
/* One frame (160 samples at 8 kHz or 320 at 16 kHz) listened for one tone. */
struct hearing ears_listen(const float *frame, int samples, int tone);
/* 1 when the phase of `now` does not follow that of `before`, one frame earlier. */
int ears_spliced(struct hearing before, struct hearing now, int tone);
/* Share of a frame that holds the tone when it began in the middle of it, from the level. */
float ears_share(float level);
/* Level of a tone in dB against the tone as sent, over ECHO_FRAMES frames. */
float ears_echo(const float *window, int samples, int tone);
/* One sample of a tone, -1..1. */
float ears_tone(int tone, int64_t index, int rate);
uint8_t ulaw_encode(float sample);
extern float ulaw_decoded[256];
#endif
