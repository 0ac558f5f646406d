// SPDX-License-Identifier: Apache-2.0
//
// keyswap login: a person logs in once at a provider, in a browser; what comes of it stays in the
// vault, and programs hold a placeholder for the access tokens that the proxy gets with it.
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/login_flow.h"
#include "proxy/cli/login_rule.h"
#include "proxy/cli/login_target.h"
#include "proxy/cli/options.h"
#include "proxy/cli/run_online.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr const char* kLoginExample =
    "keyswap login github --client-id Iv23li0123456789abcd --host api.github.com\n"
    "  keyswap login --name GITHUB_TOKEN --force\n"
    "  keyswap login --issuer https://auth.example.com --name SHOP_TOKEN \\\n"
    "    --client-id shop --scope offline_access --host api.example.com";

void tell_login(const LoginOptions& options, const LoginRule& rule) {
  if (options.json) {
    nlohmann::ordered_json json;
    json["name"] = rule.name.text();
    json["refresh_token"] = rule.refresh.text();
    json["is_new"] = rule.is_new;
    json["placeholder"] = nullptr;
    if (rule.is_new) {
      json["placeholder"] = rule.placeholder;
    }
    json["hosts"] = options.hosts;
    print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  print_long_line("logged in; the refresh token is " + rule.refresh.text() + " in the vault");
  if (rule.is_new) {
    print_long_line("bound " + rule.name.text() + " in " + printable(rule.file.path));
    print_long_line("programs hold this in its place (keyswap run and env set it):");
    print_line(rule.name.text() + "=" + rule.placeholder);
  }
}

// Everything that can fail is seen to before anybody is asked to log in.
Problem log_in_with(Online& online, const LoginOptions& options, LoginTarget target) {
  auto rule = find_or_make_rule(online, options, target);
  if (!rule) {
    return rule.failure();
  }
  if (auto problem = discover(online, options, rule.value(), target)) {
    return problem;
  }
  if (auto problem = complete_rule(options, target, rule.value())) {
    return problem;
  }
  auto way = choose_way(options, target);
  if (!way) {
    return way.failure();
  }
  if (rule->is_new) {
    if (auto problem = keep_client(online, options, rule.value())) {
      return problem;
    }
  }
  if (auto problem = log_in(online, options, rule.value(), target, way.value())) {
    forget_login(online, rule.value());
    return problem;
  }
  if (auto problem = bind_login(online, rule.value())) {
    return problem;
  }
  tell_login(options, rule.value());
  return await_login(online, rule.value());
}

// By the rule that is there.
Problem log_in_anew(Online& online, const LoginOptions& options) {
  const auto* const spec = find_login_source(online.bindings(), options.name);
  auto whole = spec == nullptr ? Outcome<LoginOptions>(options) : options_of_rule(options, *spec);
  if (!whole) {
    return whole.failure();
  }
  auto target = choose_target(whole.value());
  return target ? log_in_with(online, whole.value(), std::move(target).value())
                : Problem(target.failure());
}

int log_in_by(const LoginOptions& options) {
  const bool is_anew = is_said_by_rule(options);
  auto target = is_anew ? Outcome<LoginTarget>(LoginTarget()) : choose_target(options);
  if (!target) {
    return report(target.failure());
  }
  auto online = Online::open({.home = options.home, .unlock = options.unlock, .bindings = ""});
  if (!online) {
    return report(online.failure());
  }
  auto problem = is_anew ? log_in_anew(*online.value(), options)
                         : log_in_with(*online.value(), options, std::move(target).value());
  auto unrecorded = online.value()->close();
  return end_with(problem ? problem : unrecorded);
}

void add_place_options(CommandLine& app, LoginOptions& options) {
  app.add_option("PROVIDER", options.provider, "atlassian, auth0, github, google, microsoft, okta");
  app.add_option("--issuer", options.issuer, "an issuer that says itself where its endpoints are")
      ->type_name("URL");
  app.add_option("--token-url", options.token_url, "the token endpoint")->type_name("URL");
  app.add_option("--authorize-url", options.authorize_url, "where a browser logs in")
      ->type_name("URL");
  app.add_option("--device-url", options.device_url, "where a code for another device is given")
      ->type_name("URL");
  app.add_option("--name", options.name, "the secret's name (default: GITHUB_TOKEN for github)")
      ->type_name("NAME");
  app.add_option("--host", options.hosts, "where the token may go; may be given several times")
      ->type_name("HOST")
      ->allow_extra_args(false);
  app.add_option("--allow-address",
                 options.allowed,
                 "addresses that are not public, and that the server may have (likewise)")
      ->type_name("RANGE")
      ->allow_extra_args(false);
}

void add_client_options(CommandLine& app, LoginOptions& options) {
  app.add_option("--client-id", options.client_id, "of your app, as the provider says it")
      ->type_name("ID");
  app.add_option("--client-secret-name",
                 options.client_secret,
                 "the vault's entry with the app's secret, if it has one")
      ->type_name("NAME");
  app.add_option("--auth", options.auth, "where the app says who it is")
      ->type_name("WAY")
      ->one_of({"body", "basic"});
  app.add_option("--scope", options.scope, "what the token is for, as the provider calls it")
      ->type_name("TEXT");
  auto* const device = app.add_flag(
      "--device", options.wants_device, "with a code that is typed on whichever device");
  app.add_flag("--browser", options.wants_browser, "in a browser of this machine")
      ->excludes(device);
  app.add_flag("--no-browser", options.opens_nothing, "only print the page, and open nothing");
  app.add_option("--redirect-port",
                 options.redirect_port,
                 "the port that the browser is led back to, where the provider knows but one")
      ->type_name("PORT");
  app.add_flag(
      "--force", options.is_forced, "also where a refresh token is there that may be good");
}

}  // namespace

int run_login(const Arguments& arguments) {
  LoginOptions options;
  CommandLine app(
      "Logs in at a provider: in a browser here, or with a code that is typed on another device.\n"
      "The refresh token goes into the vault and is shown to nobody; the proxy gets access tokens\n"
      "with it. Where there is no rule for them yet, one is added to bindings.yaml.",
      "keyswap login");
  add_place_options(app, options);
  add_client_options(app, options);
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_approval_option(app, options.approval);
  add_json_option(app, options.json);
  if (const auto status =
          parse_arguments(app,
                          arguments,
                          kLoginExample,
                          "an app's secret never goes on the command line: keyswap secret add, and "
                          "--client-secret-name")) {
    return *status;
  }
  return log_in_by(options);
}

}  // namespace keyswap::cli
