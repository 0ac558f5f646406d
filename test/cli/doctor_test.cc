// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <sstream>

#include <catch2/catch.hpp>

#include "proxy/cli/client_launch.h"
#include "proxy/cli/doctor_launch.h"

namespace keyswap::cli {

namespace {

ClientProbe probe_of(const std::string& client) {
  const auto probes = client_probes();
  const auto found = std::ranges::find(probes, client, &ClientProbe::client);
  REQUIRE(found != probes.end());
  return *found;
}

}  // namespace

TEST_CASE("a client that does all that it should is well") {
  const ClientReport report = judge_client(probe_of("curl"), {true, true, true, false, true});
  CHECK(report.used_proxy == Observed::yes);
  CHECK(report.trusted_ca == Observed::yes);
  CHECK(report.swapped == Observed::yes);
  CHECK(report.scrubbed == Observed::yes);
  CHECK(report.fix.empty());
  CHECK(is_well(report));
}

TEST_CASE("what could not be seen of a client is not guessed at") {
  const ClientReport silent = judge_client(probe_of("php"), {});
  CHECK(silent.used_proxy == Observed::no);
  CHECK(silent.trusted_ca == Observed::unknown);
  CHECK(silent.swapped == Observed::unknown);
  CHECK(silent.scrubbed == Observed::unknown);
  CHECK_FALSE(silent.fix.empty());
  CHECK(is_well(silent));  // perhaps it does not start
  const ClientReport pip = judge_client(probe_of("pip"), {true, true, false, false, false});
  CHECK(pip.swapped == Observed::unknown);  // it sends no placeholder
}

TEST_CASE("a client that does not trust the CA, or gets the key to see, is not well") {
  const ClientReport distrustful = judge_client(probe_of("kubectl"), {true});
  CHECK(distrustful.trusted_ca == Observed::no);
  CHECK(distrustful.fix.find("--certificate-authority=$SSL_CERT_FILE") != std::string::npos);
  CHECK_FALSE(is_well(distrustful));
  CHECK_FALSE(is_well(judge_client(probe_of("curl"), {true, true, false, false, true})));
  CHECK_FALSE(is_well(judge_client(probe_of("curl"), {true, true, true, true, true})));
}

TEST_CASE("the table of clients fits 80 columns, with what to do") {
  std::vector<ClientReport> reports;
  for (const ClientProbe& probe : client_probes()) {
    reports.push_back(judge_client(probe, {}));
    reports.push_back(judge_client(probe, {true}));
  }
  std::istringstream lines(format_reports(reports));
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(line.size() <= 80);
  }
}

TEST_CASE("every probe asks its own host, with the placeholder where it sends one") {
  for (const ClientProbe& probe : client_probes()) {
    INFO(probe.client);
    std::string all = fill_in(probe.source, {"h.test", "TOKEN-1", "/f"});
    for (const std::string& word : probe.arguments) {
      all += " " + fill_in(word, {"h.test", "TOKEN-1", "/f"});
    }
    CHECK(all.find("h.test") != std::string::npos);
    CHECK((all.find("TOKEN-1") != std::string::npos) == probe.sends_token);
    CHECK(all.find('@') == std::string::npos);
  }
}

TEST_CASE("a launched program gets what it is given, and is ended when its time is over") {
  CHECK(needed_to_start({{"PATH", "/bin"}, {"HOME", "/u"}, {"AWS_SECRET_ACCESS_KEY", "x"}}) ==
        Variables{{"PATH", "/bin"}, {"HOME", "/u"}});
  auto shell =
      LaunchedClient::start({"/bin/sh", "-c", "echo \"$A\"; cat; ls /proc/self/fd | wc -l"},
                            {{"A", "1"}, {"PATH", "/usr/bin:/bin"}},
                            "/");
  REQUIRE(shell);
  CHECK(shell->await_answer(10'000) == "1\n4\n");  // three, and the folder itself
  auto idle = LaunchedClient::start(
      {"/bin/sh", "-c", "pwd; sleep 60"}, {{"PATH", "/usr/bin:/bin"}}, "/dev");
  REQUIRE(idle);
  const std::string begun = idle->await_answer(300);
  CHECK((begun.empty() || begun == "/dev\n"));
  CHECK_FALSE(LaunchedClient::start({"/nonexistent/client"}, {}, "/"));
}

}  // namespace keyswap::cli
