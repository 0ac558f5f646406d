// SPDX-License-Identifier: Apache-2.0
#include "proxy/services/metrics.h"

#include <cstddef>
#include <utility>

#include "audit/record.h"

namespace keyswap::services {

namespace {

using Loops = std::vector<const Counts*>;

constexpr std::uint64_t kMsPerSecond = 1000;
constexpr std::uint64_t kUsPerSecond = 1'000'000;

template <typename Read>
std::uint64_t sum(const Loops& loops, Read read) {
  std::uint64_t total = 0;
  for (const Counts* counts : loops) {
    total += read(*counts);
  }
  return total;
}

// A number with so many parts of `per`, which is a power of ten, as the format writes it: "0.025",
// "1.0".
std::string decimal(std::uint64_t number, std::uint64_t per) {
  std::string fraction = std::to_string(per + number % per).substr(1);
  while (fraction.size() > 1 && fraction.back() == '0') {
    fraction.pop_back();
  }
  return std::to_string(number / per) + "." + fraction;
}

class Text {
 public:
  void family(std::string_view name,
              std::string_view type,
              std::string_view help,
              std::string_view unit = {}) {
    name_ = "keyswap_";
    name_ += name;
    line("# TYPE " + name_ + " ", type);
    if (!unit.empty()) {
      line("# UNIT " + name_ + " ", unit);
    }
    line("# HELP " + name_ + " ", help);
  }

  // `suffix`: "_total" and the like, then labels.
  void sample(std::string_view suffix, std::string_view value) {
    text_ += name_;
    text_ += suffix;
    line(" ", value);
  }

  void sample(std::string_view suffix, std::uint64_t value) {
    sample(suffix, std::string_view(std::to_string(value)));
  }

  std::string finish() {
    text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  void line(std::string_view before, std::string_view what) {
    text_ += before;
    text_ += what;
    text_ += '\n';
  }

  std::string text_;
  std::string name_;
};

std::string label(std::string_view name, std::string_view value) {
  std::string text(name);
  text += "=\"";
  text += value;
  text += '"';
  return text;
}

void write_decisions(const Loops& loops, Text& text) {
  text.family("requests", "counter", "Requests, tunnels and messages, by decision and reason.");
  for (std::size_t decision = 0; decision < Counts::kDecisions; ++decision) {
    for (std::size_t reason = 0; reason < Counts::kReasons; ++reason) {
      const std::uint64_t count =
          sum(loops, [&](const Counts& counts) { return counts.decided(decision, reason); });
      if (count > 0) {
        const auto named = static_cast<audit::Decision>(decision);
        const auto why = static_cast<audit::Reason>(reason);
        text.sample("_total{" + label("decision", audit::to_string(named)) + "," +
                        label("reason", audit::to_string(why)) + "}",
                    count);
      }
    }
  }
}

void write_responses(const Loops& loops, Text& text) {
  text.family("upstream_responses",
              "counter",
              "Ended exchanges by the class of the upstream's status; none: it gave no answer.");
  for (std::size_t its_class = 0; its_class < Counts::kClasses; ++its_class) {
    const std::uint64_t count =
        sum(loops, [&](const Counts& counts) { return counts.answered(its_class); });
    if (count > 0) {
      const std::string name = its_class == 0 ? "none" : std::to_string(its_class) + "xx";
      text.sample("_total{" + label("class", name) + "}", count);
    }
  }
  text.family("response_bytes", "counter", "Bytes of bodies passed on to clients.", "bytes");
  text.sample("_total", sum(loops, [](const Counts& counts) { return counts.bytes(); }));
}

void write_durations(const Loops& loops, Text& text) {
  text.family("exchange_duration_seconds",
              "histogram",
              "From a request's head to the end of its answer; of tunnels, to their end.",
              "seconds");
  std::uint64_t so_far = 0;
  for (std::size_t bucket = 0; bucket <= Counts::kBucketsMs.size(); ++bucket) {
    so_far += sum(loops, [&](const Counts& counts) { return counts.in_bucket(bucket); });
    const std::string end =
        bucket == Counts::kBucketsMs.size()
            ? "+Inf"
            : decimal(static_cast<std::uint64_t>(Counts::kBucketsMs[bucket]), kMsPerSecond);
    text.sample("_bucket{" + label("le", end) + "}", so_far);
  }
  text.sample("_count", so_far);
  text.sample(
      "_sum",
      decimal(sum(loops, [](const Counts& counts) { return counts.took_us(); }), kUsPerSecond));
}

void write_gauges(const Loops& loops, const Gauges& gauges, Text& text) {
  text.family("client_connections", "gauge", "Clients' connections that are open.");
  text.sample("", gauges.client_connections);
  text.family("upstream_connections", "gauge", "Connections to upstreams that are open.");
  text.sample("", gauges.upstream_connections);
  text.family("event_loops", "gauge", "Event loops.");
  text.sample("", static_cast<std::uint64_t>(loops.size()));
  text.family("locked_memory_bytes", "gauge", "Locked memory for secrets.", "bytes");
  text.sample("", gauges.locked_bytes);
  text.family("vault_locked", "gauge", "1: the vault's file is not what was opened.");
  text.sample("", static_cast<std::uint64_t>(gauges.is_vault_locked ? 1 : 0));
  text.family("audit_dead", "gauge", "1: the audit log takes no records, and nothing is sent.");
  text.sample("", static_cast<std::uint64_t>(gauges.is_audit_dead ? 1 : 0));
}

}  // namespace

std::string render_metrics(const Loops& loops, const Gauges& gauges) {
  Text text;
  write_decisions(loops, text);
  write_responses(loops, text);
  write_durations(loops, text);
  text.family("audit_records", "counter", "Records that event loops gave to the audit log.");
  text.sample("_total", sum(loops, [](const Counts& counts) { return counts.records(); }));
  write_gauges(loops, gauges, text);
  return text.finish();
}

}  // namespace keyswap::services
