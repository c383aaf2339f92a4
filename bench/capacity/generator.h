/* What the load generator keeps: participants, conferences, histograms. */
#ifndef GENERATOR_H
#define GENERATOR_H
#include "ears.h"
#include "opus.h"
#include <netinet/in.h>
#include <stdint.h>

#define MAX_LEGS 4096
#define MAX_CONFERENCES 2048
#define FRAME_NS 20000000LL
/* Legs share the 20 ms among so many moments, so that nobody gets all packets at once. */
#define SLOTS 40
/* A pulsing talker sounds for 2 s and is silent for 0.4 s; the edge is what latency is measured by. */
#define PULSE 120
#define PULSE_ON 100
#define LOOP 100
/* Arrivals this long after an onset must hold the tone. */
#define GRACE_NS 300000000LL
#define OFF 0.05f
#define HEARD 0.5f
#define ECHOES 1024

/* A histogram with `unit` ns per bucket; the last bucket holds what is longer. */
#define BUCKETS 4000
struct histogram {
  int64_t unit, count, max;
  int64_t buckets[BUCKETS];
};

struct talker_heard {
  int64_t expected, heard, splices;
  struct hearing last;
  int fresh;
};

struct leg {
  int socket, active, payload_type, opus, conference, talker, pulse, noise, slot;
  struct sockaddr_in remote;
  uint8_t packet[12 + OPUS_MAX];
  uint16_t sequence;
  uint32_t timestamp;
  int64_t frame;
  struct packet *loop;
  int loop_length;
  /* What came back. */
  void *ear;
  uint32_t ssrc;
  int64_t first, highest, last_arrival, sent, received, duplicates, odd;
  int64_t pulse_heard;
  int listened, echo_fill, echo_count;
  struct talker_heard talkers[TONES];
  float *echo_window, *echoes;
};

struct conference {
  int talkers, leg[TONES], on;
  int64_t on_at, off_at, pulses;
};

extern struct leg legs[MAX_LEGS];
extern struct conference conferences[MAX_CONFERENCES];
extern int leg_count, conference_count;
extern struct histogram deviation, latency, lateness;

void note(struct histogram *h, int64_t ns);
void clear(struct histogram *h);
/* One line of JSON on what was measured in `seconds`. */
void write_report(double seconds);
#endif
