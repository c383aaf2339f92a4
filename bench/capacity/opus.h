/* libopus, loaded when an Opus leg is first asked for, so that the generator builds without its headers. */
#ifndef OPUS_H
#define OPUS_H
#include <stdint.h>

#define OPUS_RATE 16000
#define OPUS_FRAME 320
#define OPUS_MAX 400

struct packet {
  int length;
  uint8_t bytes[OPUS_MAX];
};

/* 0, or -1 when the machine has no libopus.so.0. */
int opus_load(void);
/* Encodes `frames` 20 ms frames of one tone (-1: silence) after half a second of run-in; `on` of them sound, the rest
   is silent. The loop may be sent again and again. */
struct packet *opus_loop(int tone, int frames, int on);
void *opus_ear(void);
/* Samples decoded, 0 on a damaged packet. */
int opus_hear(void *ear, const uint8_t *bytes, int length, float *frame);
#endif
