// SPDX-License-Identifier: Apache-2.0
//
// keyswap bindings explain METHOD URL
#include <optional>

#include <unistd.h>

#include "proxy/cli/bindings.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/explain_json.h"
#include "proxy/cli/explain_request.h"
#include "proxy/cli/explain_words.h"
#include "proxy/cli/limit_text.h"
#include "proxy/cli/options.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/unlock.h"

namespace keyswap::cli {

namespace {

struct ExplainOptions {
  std::string home;
  std::string file;
  std::string method;
  std::string url;
  bool json = false;
  bool shows_all = false;
  std::string caller;         // "": one without a token
  bool names_caller = false;  // else: whoever may
  UnlockOptions unlock;
};

// Secrets bound to other hosts are counted, not listed, unless all were asked for.
void print_text(const ExplainOptions& options,
                const RequestToExplain& request,
                const Explanation& explanation) {
  print_long_line(request.method + " " + http::to_string(request.destination) +
                  printable(request.path));
  print_long_line("  connection: " + explanation.handling);
  for (const std::string& name : explanation.captured) {
    print_long_line("  answer: what comes of " + name + " in it goes into the vault");
  }
  std::size_t elsewhere = 0;
  for (const SecretVerdict& verdict : explanation.secrets) {
    if (verdict.is_elsewhere && !verdict.is_swapped && !options.shows_all) {
      ++elsewhere;
      continue;
    }
    print_long_line("  " + verdict.secret + ": " +
                    (verdict.is_swapped ? "swapped in" : "not swapped") + " (" + verdict.reason +
                    ")");
    print_long_line("    " + printable(verdict.why));
    for (const PlaceVerdict& place : verdict.places) {
      print_long_line("    " + printable(place.place) + ": " +
                      (place.is_swapped ? "swapped in" : "not swapped") + " (" + place.reason +
                      ")");
    }
    if (verdict.is_swapped) {
      print_long_line("    scheme " + verdict.scheme + ", " + printable(verdict.place));
      print_long_line("    limit: " + printable(describe_limits(*verdict.limits)));
      print_long_line("    binding: " + printable(verdict.scope));
      print_long_line("    answer: " + describe_answers(*verdict.limits));
      print_long_line("    real value: " + describe_real_value(*verdict.limits));
      if (!verdict.caller.empty()) {
        print_long_line("    for " + (verdict.caller == kAnyCaller
                                          ? "any caller with a token"
                                          : "the caller " + verdict.caller));
      }
    }
  }
  if (elsewhere > 0) {
    print_long_line("  " + std::to_string(elsewhere) +
                    " more bound to other hosts only (--all lists them)");
  }
}

// Looks into the vault for what is missing there, where nobody has to be asked for a passphrase.
Problem ask_vault(const ExplainOptions& options,
                  const bindings::Bindings& bindings,
                  Explanation& explanation) {
  const auto home = home_of(options.home);
  if (!explanation.is_any_swapped || access(home.vault().c_str(), F_OK) != 0 ||
      needs_prompt(home, options.unlock)) {
    return {};
  }
  if (auto problem = begin_guarded()) {
    return problem;
  }
  auto vault = open_vault(home, options.unlock);
  if (!vault) {
    return vault.failure();
  }
  explain_missing(bindings, vault.value(), explanation);
  return {};
}

int explain_one(const ExplainOptions& options) {
  auto request = parse_request(options.method, options.url);
  if (!request) {
    return report(request.failure());
  }
  auto loaded =
      load_bindings(options.file.empty() ? home_of(options.home).bindings() : options.file);
  if (!loaded) {
    return report(loaded.failure());
  }
  const auto caller = options.names_caller ? std::optional(options.caller) : std::nullopt;
  Explanation explanation = explain_request(*loaded.value(), request.value(), caller);
  if (auto problem = ask_vault(options, *loaded.value(), explanation)) {
    return report(*problem);
  }
  if (options.json) {
    print_line(explanation_json(request.value(), explanation));
  } else {
    print_text(options, request.value(), explanation);
  }
  return static_cast<int>(explanation.is_any_swapped ? Exit::done : Exit::no);
}

}  // namespace

int run_bindings_explain(const Arguments& arguments) {
  ExplainOptions options;
  CommandLine app(
      "Says what becomes of a request: which binding, secret, place and limit, and why or why "
      "not.\n"
      "Exit status 0 if some secret would be swapped in, 1 if none.",
      "keyswap bindings explain");
  app.add_option("METHOD", options.method, "the request's method")->required();
  app.add_option("URL", options.url, "the request's URL")->required();
  app.add_option("--bindings", options.file, "the file (default: the home's bindings.yaml)")
      ->type_name("FILE");
  app.add_flag("--all", options.shows_all, "also list secrets that are bound to other hosts only");
  app.add_option("--caller", options.caller, "as this caller's request (default: whoever may)")
      ->type_name("NAME");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(
          app, arguments, "keyswap bindings explain POST https://api.openai.com/v1/responses")) {
    return *status;
  }
  options.names_caller = app.was_given("--caller");
  return explain_one(options);
}

}  // namespace keyswap::cli
