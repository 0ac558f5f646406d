// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/clock_watch.h"

#include <optional>

#include "audit/record.h"
#include "proxy/base/bounds.h"
#include "proxy/http/date.h"
#include "proxy/net/audit_lane.h"
#include "proxy/net/connector.h"
#include "proxy/net/telling.h"
#include "proxy/net/upstream_clocks.h"

namespace keyswap::net {

namespace {

constexpr std::int64_t kUsInOneMs = 1'000;

// When the answer was made, by the upstream's clock: its one Date. Not of what a cache kept (RFC
// 9111 section 5.1), nor of what may be the word of something in between: 3xx, 5xx.
std::optional<std::int64_t> date_of(const http::ResponseHead& head) {
  constexpr int kPerClass = 100;
  const int its_class = head.status / kPerClass;
  const http::Field* const age = head.fields.find("age");
  if ((its_class != 2 && its_class != 4) || head.fields.count("date") != 1 ||
      (age != nullptr && age->value != "0")) {
    return std::nullopt;
  }
  return http::parse_date(head.fields.find("date")->value);
}

bool is_due(Upstream& upstream, std::int64_t now_ms) {
  if (now_ms < upstream.clock_due_ms) {
    return false;
  }
  upstream.clock_due_ms = now_ms + base::bounds::kClockLookMs;
  return true;
}

}  // namespace

void look_at_clock(Context& context,
                   const flow::Destination& destination,
                   std::int64_t sent_us,
                   const http::ResponseHead& head,
                   Upstream& upstream) {
  UpstreamClocks* const clocks = context.upstreams.clocks;
  if (clocks == nullptr || !upstream.leg().has_tls() || sent_us == 0 || head.is_interim() ||
      !is_due(upstream, context.loop->now_ms())) {
    return;
  }
  const auto date_s = date_of(head);
  if (!date_s) {
    return;
  }
  const Moments now = moments_of(*context.clock);
  const auto note = clocks->note(upstream.key(), {*date_s, sent_us, now});
  if (!note) {
    return;
  }
  const audit::UpstreamClockRecord record{.ts_us = now.wall_us,
                                          .event = note->event,
                                          .host = destination.authority.host,
                                          .port = destination.authority.port,
                                          .offset_ms = note->offset_us / kUsInOneMs,
                                          .error_ms = note->error_us / kUsInOneMs};
  context.audit->add(record);
  context.telling->upstream_clock(record.host, record.event, record.offset_ms);
}

std::int64_t clock_shift_us(const Context& context,
                            const Policy& policy,
                            const flow::Destination& destination) {
  const UpstreamClocks* const clocks = context.upstreams.clocks;
  if (clocks == nullptr || !clocks->may_shift() || destination.protocol != flow::Protocol::https) {
    return 0;
  }
  return clocks->shift_us(Connector::key_of(policy, destination), moments_of(*context.clock));
}

}  // namespace keyswap::net
