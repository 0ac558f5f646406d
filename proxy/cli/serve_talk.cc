// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/serve_talk.h"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "proxy/base/clock.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/time_text.h"
#include "proxy/cli/word_wrap.h"

namespace keyswap::cli {

namespace {

std::string json_line(const ReadyFacts& ready) {
  nlohmann::ordered_json json;
  json["event"] = "ready";
  json["proxy"] = ready.address;
  json["ca"] = ready.ca;
  json["pid"] = ready.pid;
  if (!ready.listen.empty()) {
    json["listen"] = ready.listen;
  }
  if (!ready.manage.empty()) {
    json["manage"] = ready.manage;
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string people_lines(const ReadyFacts& ready) {
  const std::string home = printable(ready.home);
  std::string text = "keyswap is ready on " + ready.address + "\n";
  for (const std::string& address : ready.listen) {
    text += "  listens on: " + printable(address) + "\n";
  }
  if (!ready.manage.empty()) {
    text += "  management: " + ready.manage + "\n";
  }
  text += "  a program:  keyswap run" + home + " -- COMMAND\n";
  text += "  a shell:    eval \"$(keyswap env" + home + ")\"\n";
  text += "  refusals:   keyswap audit show" + home + "\n";
  if (ready.log.empty()) {
    return text + "  to end it:  Ctrl-C\n";
  }
  text += "  to end it:  kill " + std::to_string(ready.pid) + "\n";
  return text + wrap_hanging("  it runs in the background, and goes on talking in " +
                             printable(ready.log));
}

}  // namespace

std::string ready_text(const ReadyFacts& ready, Audience audience) {
  return audience == Audience::people ? people_lines(ready) : json_line(ready);
}

ServeTalk::ServeTalk(bool wants_json)
    : audience_(!wants_json && isatty(STDOUT_FILENO) == 1 ? Audience::people : Audience::program),
      output_(STDOUT_FILENO) {}

void ServeTalk::ready(const std::string& text) {
  output_.stop_waiting();
  output_.write(text);
}

void ServeTalk::ready_in_background() {
  output_.stop_waiting();
  audience_ = Audience::people;
  has_log_ = true;
  say("ready (pid " + std::to_string(getpid()) + ")");
}

void ServeTalk::reloaded(bool is_in_force) {
  say(is_in_force ? "reloaded: the bindings are in force as they stand now"
                  : "not reloaded: what was in force stays in force");
}

void ServeTalk::refused(std::uint64_t in_a_minute) {
  say(std::to_string(in_a_minute) + (in_a_minute == 1 ? " request was" : " requests were") +
      " refused in the last minute; see: keyswap audit show");
}

void ServeTalk::stopped() {
  say("stopped");
}

void ServeTalk::say(std::string_view line) {
  if (audience_ == Audience::program) {
    return;
  }
  std::string text = "keyswap: " + std::string(line) + "\n";
  if (has_log_) {
    text.insert(0, format_time(base::SystemClock().wall_us() / 1'000'000) + " ");
  }
  output_.write(text);
}

}  // namespace keyswap::cli
