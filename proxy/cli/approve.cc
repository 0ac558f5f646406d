// SPDX-License-Identifier: Apache-2.0
//
// keyswap approve list | show | allow | deny: the requests that wait for a person's decision.
#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <thread>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "proxy/base/clock.h"
#include "proxy/cli/approval_text.h"
#include "proxy/cli/approving.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/options.h"
#include "proxy/cli/question.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/time_text.h"

namespace keyswap::cli {

namespace {

using approvals::Operation;
using approvals::State;

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::chrono::milliseconds kLookAgain{200};

struct ApproveOptions {
  std::string home;
  UnlockOptions unlock;
  std::string id;
  bool says_yes = false;
  bool shows_all = false;
  bool watches = false;
  bool json = false;
};

std::int64_t now_us() {
  return base::SystemClock().wall_us();
}

nlohmann::ordered_json json_of(const Operation& operation) {
  const Operation now = approvals::at(operation, now_us());
  nlohmann::ordered_json json = {
      {"operation", now.id},
      {"state", approvals::to_string(now.state)},
      {"version", now.version},
      {"request_id", now.request_id},
      {"caller",
       now.caller.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(now.caller)},
      {"secret", now.secret},
      {"host", now.host},
      {"method", now.method},
      {"path", now.path},
      {"body_bytes", now.body_bytes},
      {"body_sha256", now.body_sha256},
      {"created_at", format_time(now.created_us / kUsPerSecond)},
      {"expires_at", format_time(now.expires_us / kUsPerSecond)}};
  if (now.retry_expires_us > 0) {
    json["retry_expires_at"] = format_time(now.retry_expires_us / kUsPerSecond);
  }
  if (!now.by.empty()) {
    json["by"] = now.by;
    json["how"] = now.how;
  }
  return json;
}

std::string dump(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

// --- list ---

std::vector<Operation> chosen(std::vector<Operation> all, bool shows_all) {
  std::erase_if(all, [&](const Operation& operation) {
    return !shows_all && approvals::at(operation, now_us()).state != State::waiting;
  });
  return all;
}

// A line for each that is another than it was, for as long as somebody reads.
int watch(const Home& home, const ApproveOptions& options) {
  std::map<std::string, State> seen;
  for (;;) {
    auto all = read_operations(home);
    if (!all) {
      return report(all.failure());
    }
    for (const Operation& operation : all.value()) {
      const State now = approvals::at(operation, now_us()).state;
      const bool is_known = seen.contains(operation.id);
      const bool is_news = is_known ? seen.at(operation.id) != now : now == State::waiting;
      seen.insert_or_assign(operation.id, now);
      if (!is_news) {
        continue;
      }
      print_line(options.json
                     ? dump(json_of(operation), -1)
                     : operation.id + "  " + describe_state(operation, now_us()) + "  " +
                           readable(operation.caller + "  " + operation.secret + "  " +
                                    operation.method + " " + operation.host + operation.path));
    }
    if (!flush_output()) {
      return static_cast<int>(Exit::done);  // nobody reads any more
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

int list(const ApproveOptions& options) {
  auto home = checked_home_of(options.home);
  if (!home) {
    return report(home.failure());
  }
  if (options.watches) {
    return watch(home.value(), options);
  }
  auto all = read_operations(home.value());
  if (!all) {
    return report(all.failure());
  }
  const auto shown = chosen(std::move(all).value(), options.shows_all);
  if (options.json) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Operation& operation : shown) {
      json.push_back(json_of(operation));
    }
    print_line(dump(json, 2));
  } else if (shown.empty()) {
    remark("no request waits for a decision");
  } else {
    for (const Operation& operation : shown) {
      print(summarize_operation(operation, now_us()));
    }
  }
  return static_cast<int>(Exit::done);
}

// --- show, allow, deny ---

Outcome<Operation> operation_named(const Home& home, const std::string& id) {
  auto all = read_operations(home);
  if (!all) {
    return all.failure();
  }
  const auto found = std::ranges::find(all.value(), id, &Operation::id);
  if (found == all.value().end()) {
    return Failure{Exit::no, "there is no such operation", "see: keyswap approve list --all"};
  }
  return *found;
}

Problem show_operation(const ApproveOptions& options, OpenHome& opened) {
  auto operation = operation_named(opened.home, options.id);
  if (!operation) {
    return operation.failure();
  }
  auto request = read_operation_request(opened.home, opened.vault, options.id);
  if (!request) {
    return request.failure();
  }
  if (options.json) {
    auto json = json_of(operation.value());
    json["request"] = request.value();
    print_line(dump(json, 2));
  } else {
    print(describe_operation(operation.value(), request.value(), now_us()));
  }
  return std::nullopt;
}

Failure decided_already(const Operation& operation) {
  const Operation now = approvals::at(operation, now_us());
  const std::string by = now.by.empty() ? "" : ", by " + readable(now.by);
  return {Exit::no,
          now.id + " is decided already: " + std::string(approvals::to_string(now.state)) + by,
          "see: keyswap approve list --all"};
}

// What was to be done with it was done, and by this command. What expired all the same was approved
// for another secret, or under other bindings.
bool is_as_wanted(const Operation& operation, const ApprovalDecision& decision) {
  const bool is_allowed = operation.state != State::denied && operation.state != State::waiting &&
                          operation.state != State::expired;
  return operation.by == decision.by &&
         (decision.allows ? is_allowed : operation.state == State::denied);
}

Problem decide_on(const ApproveOptions& options, OpenHome& opened, bool allows) {
  auto operation = operation_named(opened.home, options.id);
  if (!operation) {
    return operation.failure();
  }
  if (approvals::at(operation.value(), now_us()).state != State::waiting) {
    return decided_already(operation.value());
  }
  if (!options.says_yes) {
    auto request = read_operation_request(opened.home, opened.vault, options.id);
    if (!request) {
      return request.failure();
    }
    note(describe_operation(operation.value(), request.value(), now_us()));
    if (auto problem = confirm(
            false, allows ? "Shall this request be sent?" : "Shall this request be denied?")) {
      return problem;
    }
  }
  const ApprovalDecision decision{
      .operation = options.id,
      .allows = allows,
      .version = operation->version,
      .by = "uid " + std::to_string(::getuid()) + " pid " + std::to_string(::getpid())};
  auto after = decide(opened.home, opened.vault, decision);
  if (!after) {
    return after.failure();
  }
  if (!is_as_wanted(after.value(), decision)) {
    return decided_already(after.value());
  }
  if (options.json) {
    print_line(dump(json_of(after.value()), 2));
  } else {
    print_line((allows ? "approved " : "denied ") + options.id);
  }
  return std::nullopt;
}

// --- the commands ---

void add_common(CommandLine& app, ApproveOptions& options) {
  add_home_option(app, options.home);
  add_json_option(app, options.json);
}

int run_list(const Arguments& arguments) {
  ApproveOptions options;
  CommandLine app("Lists the requests that wait for a decision. Needs no passphrase.",
                  "keyswap approve list");
  app.add_flag("--all", options.shows_all, "also what is decided, of the last day");
  app.add_flag("--watch", options.watches, "go on, with a line for each change");
  add_common(app, options);
  if (const auto status = parse_arguments(app, arguments, "keyswap approve list --json")) {
    return *status;
  }
  return list(options);
}

void add_id(CommandLine& app, ApproveOptions& options) {
  app.add_option("OPERATION", options.id, "as `keyswap approve list` shows it")->required();
}

int run_show(const Arguments& arguments) {
  ApproveOptions options;
  CommandLine app(
      "Shows a held request as it will be sent: what it asks for, of the bytes themselves, with\n"
      "what would mislead a reader shown by its number.",
      "keyswap approve show");
  add_id(app, options);
  add_unlock_options(app, options.unlock);
  add_common(app, options);
  if (const auto status = parse_arguments(app, arguments, "keyswap approve show op_0123")) {
    return *status;
  }
  return do_in_home(options.home, options.unlock, [&options](OpenHome& opened) {
    return show_operation(options, opened);
  });
}

int run_decide(const Arguments& arguments, bool allows) {
  ApproveOptions options;
  CommandLine app(allows ? "Lets a held request through, once: shows it, asks, and tells the "
                           "running proxy. Exit\nstatus 1 if somebody else was faster, or its time "
                           "is over."
                         : "Denies a held request: shows it, asks, and tells the running proxy. "
                           "Exit status 1 if\nsomebody else was faster, or its time is over.",
                  allows ? "keyswap approve allow" : "keyswap approve deny");
  add_id(app, options);
  app.add_flag("--yes", options.says_yes, "decide without a question");
  add_unlock_options(app, options.unlock);
  add_common(app, options);
  const char* const example =
      allows ? "keyswap approve allow op_0123 --yes" : "keyswap approve deny op_0123 --yes";
  if (const auto status = parse_arguments(app, arguments, example)) {
    return *status;
  }
  return do_in_home(options.home, options.unlock, [&options, allows](OpenHome& opened) {
    return decide_on(options, opened, allows);
  });
}

int run_allow(const Arguments& arguments) {
  return run_decide(arguments, true);
}

int run_deny(const Arguments& arguments) {
  return run_decide(arguments, false);
}

constexpr std::array kCommands = {
    Command{"list", "the requests that wait for a decision", run_list},
    Command{"show", "one of them, as it will be sent", run_show},
    Command{"allow", "let one through, once", run_allow},
    Command{"deny", "refuse one", run_deny},
};

}  // namespace

int run_approve(const Arguments& arguments) {
  return dispatch({"keyswap approve",
                   "Decides on requests that bindings with `approve` hold.\n",
                   "keyswap approve list",
                   kCommands},
                  arguments);
}

}  // namespace keyswap::cli
