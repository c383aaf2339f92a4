/* Load generator: up to 4,096 RTP participants (RFC 3550) in one thread, 50 packets a second each way, and an ear on
   every one of them. Driven by lines on stdin, answers with one line of JSON each on stdout; see generator.ts. */
#define _GNU_SOURCE
#include "generator.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TURNS = 2 };
struct leg legs[MAX_LEGS];
struct conference conferences[MAX_CONFERENCES];
int leg_count, conference_count;
static int measuring, quitting;
static int64_t measure_began, next_slot;
static int slot_number;
static int slot_legs[SLOTS][MAX_LEGS], slot_count[SLOTS];
static uint8_t tone_ulaw[TONES][8000], noise_ulaw[8192];
static struct packet *opus_silence, *opus_tones[TONES], *opus_pulses[TONES];
struct histogram deviation = {.unit = 50000}, latency = {.unit = 250000}, lateness = {.unit = 10000};
static int epoll;

static int64_t clock_ns(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* ---- mouths ---- */

static void mark_pulse(struct leg *leg, int64_t now) {
  struct conference *conference = &conferences[leg->conference];
  int64_t step = leg->frame % PULSE;
  if (step == 0) {
    conference->on = 1;
    conference->on_at = now;
    conference->pulses++;
  } else if (step == PULSE_ON) {
    conference->on = 0;
    conference->off_at = now;
  }
}

static int payload(struct leg *leg, uint8_t *to) {
  if (leg->opus) {
    const struct packet *packet = &leg->loop[leg->frame % leg->loop_length];
    memcpy(to, packet->bytes, (size_t)packet->length);
    return packet->length;
  }
  int sounds = leg->talker >= 0 && (!leg->pulse || leg->frame % PULSE < PULSE_ON);
  if (sounds) memcpy(to, &tone_ulaw[leg->talker][leg->frame % 50 * 160], 160);
  else if (leg->noise) memcpy(to, &noise_ulaw[(leg->frame * 977 + leg->slot * 131) % (8192 - 160)], 160);
  else memset(to, 0xff, 160);
  return 160;
}

static void speak(struct leg *leg, int64_t now) {
  uint8_t *p = leg->packet;
  if (leg->pulse) mark_pulse(leg, now);
  int length = 12 + payload(leg, p + 12);
  p[0] = 0x80;
  p[1] = (uint8_t)(leg->payload_type | (leg->frame == 0 ? 0x80 : 0));
  p[2] = (uint8_t)(leg->sequence >> 8);
  p[3] = (uint8_t)leg->sequence;
  uint32_t timestamp = htonl(leg->timestamp);
  memcpy(p + 4, &timestamp, 4);
  leg->sequence++;
  leg->timestamp += leg->opus ? 960 : 160;
  leg->frame++;
  if (sendto(leg->socket, p, (size_t)length, MSG_DONTWAIT, (struct sockaddr *)&leg->remote, sizeof leg->remote) > 0)
    leg->sent++;
}

static void run_slot(void) {
  int64_t now = clock_ns(CLOCK_REALTIME);
  for (int k = 0; k < slot_count[slot_number]; k++) {
    struct leg *leg = &legs[slot_legs[slot_number][k]];
    if (leg->active) speak(leg, now);
  }
  slot_number = (slot_number + 1) % SLOTS;
  next_slot += FRAME_NS / SLOTS;
}

/* ---- ears ---- */

static void listen_for_pulse(struct leg *leg, struct hearing now, float before, int64_t arrival) {
  struct conference *conference = &conferences[leg->conference];
  if (now.level < OFF || before >= OFF || leg->pulse_heard == conference->pulses) return;
  leg->pulse_heard = conference->pulses;
  int64_t ear = arrival + (int64_t)((1 - ears_share(now.level)) * (float)FRAME_NS);
  if (measuring) note(&latency, ear - conference->on_at);
}

static void listen_for_echo(struct leg *leg, const float *frame, int samples) {
  if (!leg->echo_window) return;
  memcpy(leg->echo_window + leg->echo_fill * samples, frame, sizeof(float) * (size_t)samples);
  if (++leg->echo_fill < ECHO_FRAMES) return;
  leg->echo_fill = 0;
  if (measuring && leg->echo_count < ECHOES)
    leg->echoes[leg->echo_count++] = ears_echo(leg->echo_window, samples * ECHO_FRAMES, leg->talker);
}

static void attend(struct leg *leg, const float *frame, int samples, int64_t arrival) {
  struct conference *conference = &conferences[leg->conference];
  if (leg->talker >= 0) listen_for_echo(leg, frame, samples);
  for (int k = 0; k < conference->talkers; k++) {
    struct leg *talker = &legs[conference->leg[k]];
    if (talker == leg) continue;
    struct talker_heard *heard = &leg->talkers[k];
    struct hearing now = ears_listen(frame, samples, talker->talker);
    int expected = !talker->pulse || (conference->on && arrival > conference->on_at + GRACE_NS);
    if (talker->pulse) listen_for_pulse(leg, now, heard->last.level, arrival);
    if (measuring && expected) {
      heard->expected++;
      if (now.level > HEARD) heard->heard++;
      if (heard->fresh && now.level > HEARD && heard->last.level > HEARD) heard->splices += ears_spliced(heard->last, now, talker->talker);
    }
    heard->last = now;
    heard->fresh = 1;
  }
}

static void decode(struct leg *leg, const uint8_t *payload, int length, int64_t arrival) {
  float frame[MAX_FRAME];
  int samples = 160;
  if (leg->opus) {
    samples = opus_hear(leg->ear, payload, length, frame);
    if (samples != OPUS_FRAME) return;
  } else if (length == 160) {
    for (int n = 0; n < 160; n++) frame[n] = ulaw_decoded[payload[n]];
  } else return;
  attend(leg, frame, samples, arrival);
}

static void hear(struct leg *leg, const uint8_t *p, int length, int64_t arrival) {
  if (length < 13 || p[0] >> 6 != 2 || (p[1] & 0x7f) != leg->payload_type) {
    leg->odd++;
    return;
  }
  uint32_t ssrc;
  memcpy(&ssrc, p + 8, 4);
  uint16_t wire = (uint16_t)(p[2] << 8 | p[3]);
  int64_t sequence = leg->highest + (int16_t)(wire - (uint16_t)leg->highest);
  if (leg->first < 0 || ssrc != leg->ssrc) {
    leg->ssrc = ssrc;
    sequence = leg->first = (leg->first < 0 ? 1 << 16 : leg->highest + 0x10000) / 0x10000 * 0x10000 + wire;
    leg->received = 0;
    leg->last_arrival = 0;
  }
  if (leg->last_arrival && sequence <= leg->highest) leg->duplicates++;
  else {
    if (measuring && leg->last_arrival) note(&deviation, llabs(arrival - leg->last_arrival - (sequence - leg->highest) * FRAME_NS));
    leg->highest = sequence;
    leg->last_arrival = arrival;
  }
  leg->received++;
  int at = 12 + 4 * (p[0] & 15);
  if (p[0] & 16 && at + 4 <= length) at += 4 + 4 * (p[at + 2] << 8 | p[at + 3]);
  if (leg->listened && at < length) decode(leg, p + at, length - at, arrival);
}

static void drain(struct leg *leg) {
  uint8_t bytes[2048], control[64];
  struct iovec vector = {bytes, sizeof bytes};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t length = recvmsg(leg->socket, &message, MSG_DONTWAIT);
  if (length < 0) return;
  int64_t arrival = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec t;
      memcpy(&t, CMSG_DATA(c), sizeof t);
      arrival = t.tv_sec * 1000000000LL + t.tv_nsec;
    }
  if (leg->active) hear(leg, bytes, (int)length, arrival ? arrival : clock_ns(CLOCK_REALTIME));
}

/* ---- commands ---- */

static int open_socket(int index) {
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof any;
  int on = 1, room = 1 << 18, fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&any, size) < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  getsockname(fd, (struct sockaddr *)&any, &size);
  legs[index].socket = fd;
  return ntohs(any.sin_port);
}

static void open_legs(int count) {
  printf("{\"ports\":[");
  for (int k = 0; k < count && leg_count < MAX_LEGS; k++, leg_count++) {
    int port = open_socket(leg_count);
    if (port < 0) {
      fprintf(stderr, "no socket for leg %d: %s\n", leg_count, strerror(errno));
      exit(1);
    }
    printf("%s%d", k ? "," : "", port);
  }
  printf("]}\n");
}

static int prepare_opus(struct leg *leg) {
  if (opus_load() < 0) return -1;
  if (!opus_silence) opus_silence = opus_loop(-1, LOOP, 0);
  if (leg->talker < 0) leg->loop = opus_silence;
  else {
    struct packet **kept = leg->pulse ? &opus_pulses[leg->talker] : &opus_tones[leg->talker];
    if (!*kept) *kept = leg->pulse ? opus_loop(leg->talker, PULSE, PULSE_ON) : opus_loop(leg->talker, LOOP, LOOP);
    leg->loop = *kept;
  }
  leg->loop_length = leg->talker >= 0 && leg->pulse ? PULSE : LOOP;
  if (!leg->ear) leg->ear = opus_ear();
  return 0;
}

static void set_talker(struct leg *leg, int index) {
  struct conference *conference = &conferences[leg->conference];
  if (leg->talker < 0 || leg->talker >= TONES || conference->talkers == TONES) return;
  conference->leg[conference->talkers++] = index;
  if (!leg->echo_window) {
    leg->echo_window = calloc(MAX_FRAME * ECHO_FRAMES, sizeof(float));
    leg->echoes = calloc(ECHOES, sizeof(float));
  }
}

/* leg INDEX ADDRESS PORT PAYLOAD_TYPE OPUS CONFERENCE TALKER PULSE LISTENED NOISE */
static void start_leg(const char *line) {
  int index, port, payload_type, opus, conference, talker, pulse, listened, noise;
  char address[64];
  if (sscanf(line, "%d %63s %d %d %d %d %d %d %d %d", &index, address, &port, &payload_type, &opus, &conference, &talker,
             &pulse, &listened, &noise) != 10 || index < 0 || index >= leg_count || conference < 0 ||
      conference >= MAX_CONFERENCES || talker >= TONES) {
    printf("{\"error\":\"bad leg\"}\n");
    return;
  }
  struct leg *leg = &legs[index];
  leg->payload_type = payload_type;
  leg->opus = opus;
  leg->conference = conference;
  leg->talker = talker;
  leg->pulse = pulse;
  leg->listened = listened;
  leg->noise = noise;
  leg->remote = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  inet_pton(AF_INET, address, &leg->remote.sin_addr);
  if (opus && prepare_opus(leg) < 0) {
    printf("{\"error\":\"no libopus.so.0 on this machine (Debian: libopus0)\"}\n");
    return;
  }
  if (conference >= conference_count) conference_count = conference + 1;
  set_talker(leg, index);
  for (int k = 8; k < 12; k++) leg->packet[k] = (uint8_t)rand();
  leg->sequence = (uint16_t)rand();
  leg->timestamp = (uint32_t)rand();
  /* A pulse begins where it may: conferences do not speak in step. */
  leg->frame = pulse ? rand() % PULSE : 0;
  leg->first = -1;
  leg->slot = index * 27 % SLOTS;
  slot_legs[leg->slot][slot_count[leg->slot]++] = index;
  leg->active = 1;
  printf("{\"leg\":%d}\n", index);
}

static void stop_leg(int index) {
  if (index < 0 || index >= leg_count || !legs[index].active) return;
  struct leg *leg = &legs[index];
  leg->active = 0;
  int *list = slot_legs[leg->slot], count = slot_count[leg->slot], kept = 0;
  for (int k = 0; k < count; k++)
    if (list[k] != index) list[kept++] = list[k];
  slot_count[leg->slot] = kept;
}

static void begin(void) {
  for (int k = 0; k < leg_count; k++) {
    struct leg *leg = &legs[k];
    leg->first = -1;
    leg->sent = leg->received = leg->duplicates = leg->odd = leg->last_arrival = 0;
    leg->echo_count = leg->echo_fill = 0;
    for (int t = 0; t < TONES; t++) leg->talkers[t].expected = leg->talkers[t].heard = leg->talkers[t].splices = 0;
  }
  clear(&deviation);
  clear(&latency);
  clear(&lateness);
  measuring = 1;
  measure_began = clock_ns(CLOCK_MONOTONIC);
  printf("{\"measuring\":true}\n");
}

static void report(void) {
  double seconds = (double)(clock_ns(CLOCK_MONOTONIC) - measure_began) / 1e9;
  measuring = 0;
  write_report(seconds);
}

static void command(char *line) {
  if (!strncmp(line, "open ", 5)) open_legs(atoi(line + 5));
  else if (!strncmp(line, "leg ", 4)) start_leg(line + 4);
  else if (!strncmp(line, "stop ", 5)) stop_leg(atoi(line + 5));
  else if (!strcmp(line, "measure")) begin();
  else if (!strcmp(line, "report")) report();
  else if (!strcmp(line, "quit")) quitting = 1;
  fflush(stdout);
}

static void read_commands(void) {
  static char text[1 << 16];
  static size_t fill;
  ssize_t got = read(0, text + fill, sizeof text - 1 - fill);
  if (got == 0) quitting = 1;
  if (got <= 0) return;
  fill += (size_t)got;
  text[fill] = 0;
  char *start = text, *end;
  while ((end = strchr(start, '\n'))) {
    *end = 0;
    command(start);
    start = end + 1;
  }
  fill -= (size_t)(start - text);
  memmove(text, start, fill);
}

static void prepare_sounds(void) {
  ears_init();
  for (int tone = 0; tone < TONES; tone++)
    for (int n = 0; n < 8000; n++) tone_ulaw[tone][n] = ulaw_encode(AMPLITUDE * ears_tone(tone, n, 8000));
  /* Background of a quiet room: one step of the finest mu-law segment, about -72 dBFS. */
  static const uint8_t quiet[4] = {0xff, 0xfe, 0x7f, 0x7e};
  for (int n = 0; n < 8192; n++) noise_ulaw[n] = quiet[rand() & 3];
}

int main(void) {
  prctl(PR_SET_TIMERSLACK, 1);
  prctl(PR_SET_PDEATHSIG, 15);
  srand(1);
  prepare_sounds();
  epoll = epoll_create1(0);
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  struct epoll_event input = {.events = EPOLLIN, .data.u32 = MAX_LEGS}, events[64];
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &input);
  next_slot = clock_ns(CLOCK_MONOTONIC);
  while (!quitting) {
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    /* When late, mouths and ears take turns, so that neither starves the other. */
    for (int turn = 0; turn < TURNS && next_slot <= now; turn++) {
      if (measuring) note(&lateness, now - next_slot);
      run_slot();
      now = clock_ns(CLOCK_MONOTONIC);
    }
    struct timespec wait = {0, next_slot > now ? next_slot - now : 0};
    int count = epoll_pwait2(epoll, events, 64, &wait, NULL);
    for (int k = 0; k < count; k++)
      if (events[k].data.u32 == MAX_LEGS) read_commands();
      else drain(&legs[events[k].data.u32]);
  }
  return 0;
}
