// SPDX-License-Identifier: Apache-2.0
#include "proxy/services/metrics.h"

#include <cstddef>
#include <utility>

#include "audit/record.h"

namespace keyswap::services {

namespace {

using Loops = std::vector<const Counts*>;

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

void write_durations(std::string_view name,
                     std::string_view help,
                     const base::DurationFigures& figures,
                     Text& text) {
  text.family(name, "histogram", help, "seconds");
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < figures.buckets.size(); ++i) {
    so_far += figures.buckets[i];
    const std::string end =
        i == figures.ends_us.size()
            ? "+Inf"
            : decimal(static_cast<std::uint64_t>(figures.ends_us[i]), kUsPerSecond);
    text.sample("_bucket{" + label("le", end) + "}", so_far);
  }
  text.sample("_count", so_far);
  text.sample("_sum", decimal(figures.took_us, kUsPerSecond));
}

void write_exchanges(const Loops& loops, Text& text) {
  base::DurationFigures all;
  for (const Counts* counts : loops) {
    counts->exchanges().add_to(all);
  }
  write_durations("exchange_duration_seconds",
                  "From a request's head to the end of its answer; of tunnels, to their end.",
                  all,
                  text);
}

// One sample of each use, "{use="requests"}".
template <typename Read>
void write_of_leaves(const std::vector<LeafFigures>& leaves,
                     std::string_view suffix,
                     std::string_view more,
                     Read read,
                     Text& text) {
  for (const LeafFigures& of_use : leaves) {
    std::string sample(suffix);
    sample.append("{").append(label("use", of_use.use)).append(more).append("}");
    text.sample(sample, read(of_use));
  }
}

void write_leaves(const std::vector<LeafFigures>& leaves, Text& text) {
  text.family("leaves", "gauge", "Certificates for clients that are kept.");
  write_of_leaves(
      leaves, "", "", [](const LeafFigures& one) { return one.kept; }, text);
  text.family("leaf_lookups", "counter", "Certificates looked for, once a tunnel.");
  write_of_leaves(
      leaves, "_total", R"(,result="hit")", [](const LeafFigures& one) { return one.found; }, text);
  write_of_leaves(
      leaves,
      "_total",
      R"(,result="miss")",
      [](const LeafFigures& one) { return one.missed; },
      text);
  text.family("leaf_mints", "counter", "Certificates that were to be made.");
  write_of_leaves(
      leaves, "_total", R"(,result="made")", [](const LeafFigures& one) { return one.made; }, text);
  write_of_leaves(
      leaves,
      "_total",
      R"(,result="failed")",
      [](const LeafFigures& one) { return one.failed; },
      text);
}

// Nothing where all secrets are in the vault of this machine.
void write_sources(const std::vector<SourceFigures>& sources, Text& text) {
  if (sources.empty()) {
    return;
  }
  text.family("source_down", "gauge", "1: the source of secrets failed, and is asked again later.");
  for (const SourceFigures& one : sources) {
    text.sample("{" + label("source", one.source) + "}",
                static_cast<std::uint64_t>(one.is_down ? 1 : 0));
  }
  text.family("source_values", "gauge", "Values of the source that are kept in locked memory.");
  for (const SourceFigures& one : sources) {
    text.sample("{" + label("source", one.source) + "}", one.values);
  }
}

void write_gauges(const Loops& loops, const Figures& gauges, Text& text) {
  text.family("client_connections", "gauge", "Clients' connections that are open.");
  text.sample("", gauges.client_connections);
  text.family("upstream_connections", "gauge", "Connections to upstreams that are open.");
  text.sample("", gauges.upstream_connections);
  text.family("upstream_clocks_apart",
              "gauge",
              "Upstreams whose clock differs by more than 30 s from this machine's.");
  text.sample("", gauges.clocks_apart);
  text.family("event_loops", "gauge", "Event loops.");
  text.sample("", static_cast<std::uint64_t>(loops.size()));
  text.family("locked_memory_bytes", "gauge", "Locked memory for secrets.", "bytes");
  text.sample("", gauges.locked_bytes);
  text.family("vault_locked",
              "gauge",
              "1: no secret is given out, since the vault or what is approved was lost.");
  text.sample("", static_cast<std::uint64_t>(gauges.is_vault_locked ? 1 : 0));
  text.family("audit_dead", "gauge", "1: the audit log takes no records, and nothing is sent.");
  text.sample("", static_cast<std::uint64_t>(gauges.is_audit_dead ? 1 : 0));
}

}  // namespace

std::string render_metrics(const Loops& loops, const Figures& figures) {
  Text text;
  write_decisions(loops, text);
  write_responses(loops, text);
  write_exchanges(loops, text);
  text.family("audit_records", "counter", "Records that event loops gave to the audit log.");
  text.sample("_total", sum(loops, [](const Counts& counts) { return counts.records(); }));
  write_durations("audit_sync_duration_seconds",
                  "How long the audit log took to be synced to the disk, which requests wait for.",
                  figures.audit_syncs,
                  text);
  write_leaves(figures.leaves, text);
  write_sources(figures.sources, text);
  write_gauges(loops, figures, text);
  return text.finish();
}

}  // namespace keyswap::services
