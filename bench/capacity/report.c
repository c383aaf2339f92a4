/* The load generator's histograms and its report. */
#include "generator.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void note(struct histogram *h, int64_t ns) {
  int64_t bucket = ns / h->unit;
  h->buckets[bucket < 0 ? 0 : bucket < BUCKETS ? bucket : BUCKETS - 1]++;
  h->count++;
  if (ns > h->max) h->max = ns;
}

static double percentile_ms(const struct histogram *h, double share) {
  int64_t wanted = (int64_t)ceil(share * (double)h->count), seen = 0;
  for (int bucket = 0; bucket < BUCKETS && h->count; bucket++) {
    seen += h->buckets[bucket];
    if (seen >= wanted) return (double)((bucket + 1) * h->unit) / 1e6;
  }
  return 0;
}

void clear(struct histogram *h) {
  memset(h->buckets, 0, sizeof h->buckets);
  h->count = h->max = 0;
}

static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

static void write_histogram(const char *name, const struct histogram *h) {
  printf(",\"%s\":{\"count\":%lld,\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f}", name, (long long)h->count,
         percentile_ms(h, 0.5), percentile_ms(h, 0.99), (double)h->max / 1e6);
}

static void write_hearing(void) {
  int64_t expected = 0, heard = 0, splices = 0, pairs = 0, poor = 0;
  double worst = 1;
  for (int k = 0; k < leg_count; k++)
    for (int t = 0; t < TONES; t++) {
      struct talker_heard *one = &legs[k].talkers[t];
      if (!legs[k].active || !legs[k].listened || t >= conferences[legs[k].conference].talkers) continue;
      if (conferences[legs[k].conference].leg[t] == k) continue;
      double share = one->expected ? (double)one->heard / (double)one->expected : 0;
      expected += one->expected;
      heard += one->heard;
      splices += one->splices;
      pairs++;
      if (share < 0.99) poor++;
      if (share < worst) worst = share;
    }
  printf(",\"hearing\":{\"pairs\":%lld,\"pairsBelow99\":%lld,\"share\":%.6f,\"worst\":%.6f,\"splices\":%lld,\"frames\":%lld}",
         (long long)pairs, (long long)poor, expected ? (double)heard / (double)expected : 0, worst, (long long)splices,
         (long long)expected);
}

static void write_echo(void) {
  double worst = -999;
  for (int k = 0; k < leg_count; k++) {
    struct leg *leg = &legs[k];
    if (!leg->active || !leg->echo_window || leg->echo_count == 0) continue;
    qsort(leg->echoes, (size_t)leg->echo_count, sizeof(float), by_size);
    if (leg->echoes[leg->echo_count / 2] > worst) worst = leg->echoes[leg->echo_count / 2];
  }
  printf(",\"echoDb\":%.1f", worst);
}

/* Totals and one [sent, received, lost] per conference. */
static void write_packets(double seconds) {
  static int64_t counts[MAX_CONFERENCES][3];
  memset(counts, 0, sizeof counts);
  int64_t sent = 0, received = 0, lost = 0, duplicates = 0, odd = 0, active = 0;
  double lowest = 1e9;
  for (int k = 0; k < leg_count; k++) {
    struct leg *leg = &legs[k];
    if (!leg->active) continue;
    int64_t gone = leg->first < 0 ? 0 : leg->highest - leg->first + 1 - (leg->received - leg->duplicates);
    int64_t *count = counts[leg->conference];
    count[0] += leg->sent;
    count[1] += leg->received;
    count[2] += gone;
    sent += leg->sent;
    received += leg->received;
    lost += gone;
    duplicates += leg->duplicates;
    odd += leg->odd;
    active++;
    double share = (double)(leg->received - leg->duplicates) / (seconds * 50);
    if (share < lowest) lowest = share;
  }
  printf("\"legs\":%lld,\"sent\":%lld,\"received\":%lld,\"lost\":%lld,\"duplicates\":%lld,\"odd\":%lld", (long long)active,
         (long long)sent, (long long)received, (long long)lost, (long long)duplicates, (long long)odd);
  printf(",\"receivedShare\":{\"mean\":%.6f,\"worst\":%.6f},\"conferences\":[",
         active ? (double)(received - duplicates) / (seconds * 50 * (double)active) : 0, active ? lowest : 0);
  for (int k = 0; k < conference_count; k++)
    printf("%s[%lld,%lld,%lld]", k ? "," : "", (long long)counts[k][0], (long long)counts[k][1], (long long)counts[k][2]);
  printf("]");
}

void write_report(double seconds) {
  printf("{\"seconds\":%.4f,", seconds);
  write_packets(seconds);
  write_histogram("deviation", &deviation);
  write_histogram("latency", &latency);
  write_histogram("generatorLate", &lateness);
  write_hearing();
  write_echo();
  printf("}\n");
}
