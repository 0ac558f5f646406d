// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/doctor_launch.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <sys/stat.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/client_files.h"
#include "proxy/cli/client_launch.h"
#include "proxy/cli/demo_upstream.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/playground.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kDomain = ".doctor.test";
constexpr std::string_view kSecretName = "DOCTOR_KEY";
constexpr std::string_view kPlaceholder = "sk-doctor-PLACEHOLDER-0123456789abcdef";
constexpr mode_t kPrivateMode = 0600;
constexpr mode_t kPrivateFolderMode = 0700;

Failure cannot(const std::string& what) {
  return {Exit::cannot, "the clients were not launched: " + what, "try it again"};
}

// A client that is there, and its upstream.
struct Guest {
  ClientProbe probe;
  std::string program;
  ProbePlace place;
  std::unique_ptr<DemoUpstream> upstream;
  std::optional<LaunchedClient> launched;
};

struct Scene {
  Playground playground{"doctor"};
  Home home;
  LockedText key;  // random, and good nowhere
  std::vector<Guest> guests;
  PlaygroundProxy proxy;

  // Where the clients begin.
  [[nodiscard]] std::string empty_folder() const { return playground.path() + "/empty"; }
};

void find_guests(const Variables& needed, Scene& scene) {
  const auto path = needed.find("PATH");
  for (ClientProbe& probe : client_probes()) {
    std::string program = path == needed.end() ? "" : find_program(probe.program, path->second);
    if (program.empty()) {
      continue;
    }
    Guest guest;
    guest.place = {probe.client + std::string(kDomain),
                   std::string(kPlaceholder),
                   scene.playground.path() + "/" + probe.client + probe.suffix};
    guest.program = std::move(program);
    guest.probe = std::move(probe);
    scene.guests.push_back(std::move(guest));
  }
}

base::Status write_sources(const Scene& scene) {
  if (mkdir(scene.empty_folder().c_str(), kPrivateFolderMode) != 0) {
    return base::Error{base::write_errc(errno), "no folder for the clients", errno};
  }
  for (const Guest& guest : scene.guests) {
    if (!guest.probe.source.empty()) {
      KS_TRY(write_file(guest.place.file, fill_in(guest.probe.source, guest.place), kPrivateMode));
    }
  }
  return {};
}

base::Status start_upstreams(Scene& scene, const std::string& root_file) {
  const auto root = UpstreamRoot::create(root_file);
  if (!root) {
    return root.error();
  }
  for (Guest& guest : scene.guests) {
    auto leaf = root->leaf(guest.place.host);
    if (!leaf) {
      return leaf.error();
    }
    auto upstream = DemoUpstream::start(
        std::move(leaf).value(),
        {&scene.key,
         std::string(kPlaceholder),
         [](const std::string& /*method*/, const std::string& /*path*/) { return false; },
         true});
    if (!upstream) {
      return upstream.error();
    }
    guest.upstream = std::move(upstream).value();
  }
  return {};
}

std::string bindings_text(const Scene& scene, const std::string& root_file) {
  std::string hosts;
  std::string resolve;
  for (const Guest& guest : scene.guests) {
    hosts += "      - { host: " + guest.place.host + " }\n";
    resolve += "    \"" + guest.place.host +
               ":443\": \"127.0.0.1:" + std::to_string(guest.upstream->port()) + "\"\n";
  }
  return "version: 1\nunmatched_destination_policy: deny\nsecrets:\n  " + std::string(kSecretName) +
         ":\n    placeholder: \"" + std::string(kPlaceholder) +
         "\"\n    inject: { header: Authorization, format: \"Bearer {secret}\" }\n    bindings:\n" +
         hosts + "upstream:\n  ca_file: \"" + root_file + "\"\n  resolve:\n" + resolve;
}

// Home, upstreams, proxy.
Problem set_up(Scene& scene, const sigset_t& signal_mask) {
  scene.home = scene.playground.home();
  auto key = make_random_key();
  if (!key) {
    return key.failure();
  }
  scene.key = std::move(key).value();
  if (auto problem = make_playground_home(scene.home, kSecretName, scene.key.view())) {
    return problem;
  }
  const std::string root_file = scene.playground.path() + "/upstream-root.pem";
  if (const auto started = start_upstreams(scene, root_file); !started) {
    return cannot(explain(started.error()));
  }
  if (const auto written = write_sources(scene); !written) {
    return cannot(explain(written.error()));
  }
  if (const auto written =
          write_file(scene.home.bindings(), bindings_text(scene, root_file), kPrivateMode);
      !written) {
    return cannot(explain(written.error()));
  }
  auto proxy = start_playground_proxy(scene.home, signal_mask, ProxyStderr::hidden);
  if (!proxy) {
    return proxy.failure();
  }
  scene.proxy = std::move(proxy).value();
  return std::nullopt;
}

// What `run` would give to a command, of a shell that has nothing but what starting needs.
Outcome<Variables> environment_of(const Scene& scene, const Variables& needed) {
  auto parsed = read_bindings(scene.home.bindings());
  if (!parsed) {
    return parsed.failure();
  }
  auto plan = prepare_environment(
      scene.home, needed, {scene.proxy.address, ""}, parsed->bindings, Preload::yes);
  if (!plan) {
    return plan.failure();
  }
  Variables environment = apply_plan(needed, plan.value());
  environment.merge(probe_variables());
  return environment;
}

void launch_all(Scene& scene, const Variables& environment) {
  for (Guest& guest : scene.guests) {
    std::vector<std::string> words = {guest.program};
    for (const std::string& word : guest.probe.arguments) {
      words.push_back(fill_in(word, guest.place));
    }
    if (auto launched = LaunchedClient::start(words, environment, scene.empty_folder())) {
      guest.launched.emplace(std::move(launched).value());
    }
  }
}

ClientEvidence evidence_of(const Guest& guest,
                           const std::string& printed,
                           const Scene& scene,
                           const std::vector<std::string>& records) {
  const std::string named = R"("host":")" + guest.place.host + "\"";
  const auto seen = guest.upstream->seen();
  ClientEvidence evidence;
  evidence.is_in_log = std::ranges::any_of(records, [&named](const std::string& record) {
    return record.find(named) != std::string::npos;
  });
  evidence.came_to_upstream = !seen.empty();
  evidence.brought_real_key = std::ranges::any_of(seen, [](const SeenRequest& request) {
    return request.credential == SeenRequest::Credential::real_key;
  });
  evidence.printed_key = printed.find(scene.key.view()) != std::string::npos;
  evidence.printed_placeholder = printed.find(kPlaceholder) != std::string::npos;
  return evidence;
}

std::vector<ClientReport> await_all(Scene& scene) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(base::bounds::kClientAnswerMs);
  std::vector<std::string> printed;
  for (Guest& guest : scene.guests) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    printed.push_back(
        guest.launched ? guest.launched->await_answer(std::max(0, static_cast<int>(left.count())))
                       : "");
  }
  stop_playground_proxy(scene.proxy);  // what it has to record is then in the log
  const auto records = playground_records(scene.home);
  std::vector<ClientReport> reports;
  for (std::size_t i = 0; i < printed.size(); ++i) {
    const Guest& guest = scene.guests[i];
    reports.push_back(judge_client(guest.probe, evidence_of(guest, printed[i], scene, records)));
    reports.back().program = guest.program;
  }
  return reports;
}

Observed to_observed(bool is_so) {
  return is_so ? Observed::yes : Observed::no;
}

}  // namespace

ClientReport judge_client(const ClientProbe& probe, const ClientEvidence& evidence) {
  ClientReport report;
  report.client = probe.client;
  report.past = probe.past;
  report.used_proxy = to_observed(evidence.is_in_log || evidence.came_to_upstream);
  if (report.used_proxy == Observed::yes) {
    report.trusted_ca = to_observed(evidence.came_to_upstream);
  }
  if (evidence.came_to_upstream && probe.sends_token) {
    report.swapped = to_observed(evidence.brought_real_key);
  }
  if (evidence.printed_key || evidence.printed_placeholder) {
    report.scrubbed = to_observed(!evidence.printed_key);
  }
  if (report.used_proxy == Observed::no) {
    report.fix = probe.fix.empty() ? "it sent nothing; does it start? " + probe.program + " --help"
                                   : probe.fix;
  } else if (report.trusted_ca == Observed::no) {
    report.fix = probe.fix.empty() ? "give it the roots of $SSL_CERT_FILE" : probe.fix;
  } else if (!is_well(report)) {
    report.fix = "this is a fault of keyswap: please report it";
  }
  return report;
}

bool is_well(const ClientReport& report) {
  return report.swapped != Observed::no && report.scrubbed != Observed::no &&
         report.trusted_ca != Observed::no;
}

std::string format_reports(const std::vector<ClientReport>& reports) {
  std::vector<std::vector<std::string>> rows = {
      {"client", "proxy", "CA", "swapped", "scrubbed", "can bypass by"}};
  std::string fixes;
  for (const ClientReport& report : reports) {
    rows.push_back({report.client,
                    std::string(to_string(report.used_proxy)),
                    std::string(to_string(report.trusted_ca)),
                    std::string(to_string(report.swapped)),
                    std::string(to_string(report.scrubbed)),
                    report.past});
    if (!report.fix.empty()) {
      fixes += "-> " + report.client + ": " + report.fix + "\n";
    }
  }
  return format_table(rows) + fixes;
}

Outcome<std::vector<ClientReport>> launch_clients(const Variables& shell) {
  const HeldInterrupts held;
  Scene scene;
  if (!scene.playground.is_made()) {
    return cannot("no temporary folder");
  }
  const Variables needed = needed_to_start(shell);
  find_guests(needed, scene);
  if (scene.guests.empty()) {
    return std::vector<ClientReport>();
  }
  if (auto problem = set_up(scene, held.before())) {
    return *std::move(problem);
  }
  auto environment = environment_of(scene, needed);
  if (!environment) {
    stop_playground_proxy(scene.proxy);
    return environment.failure();
  }
  launch_all(scene, environment.value());
  return await_all(scene);
}

std::string_view to_string(Observed observed) {
  switch (observed) {
    case Observed::yes:
      return "yes";
    case Observed::no:
      return "no";
    case Observed::unknown:
      break;
  }
  return "-";
}

}  // namespace keyswap::cli
