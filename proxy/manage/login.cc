// SPDX-License-Identifier: Apache-2.0
//
// Setting up, logging in and out.
#include "bindings/json.h"
#include "proxy/base/manage_bounds.h"
#include "proxy/manage/change.h"
#include "proxy/manage/handlers.h"
#include "vault/manage_login.h"

namespace keyswap::manage {

namespace {

using bindings::json_string;

constexpr std::string_view kNotRecorded = "the audit log does not take records: nothing was done";

std::string session_json(const Session& session) {
  return R"({"id":)" + json_string(session.id) + R"(,"scope":)" +
         json_string(to_string(session.scope)) + R"(,"created_at":)" +
         std::to_string(session.begun_s) + R"(,"expires_at":)" + std::to_string(session.expires_s) +
         "}";
}

// I6: who is let in is recorded before he is.
Answer let_in(Manager& manager, const Request& request, Scope scope, std::string_view action) {
  const NewSession made = manager.sessions.begin(scope);
  Request by = request;
  by.session = made.session;
  if (!record(manager, by, action, "done")) {
    static_cast<void>(manager.sessions.end(made.token));
    return answer_error(503, kNotRecorded);
  }
  return answer_json(200,
                     R"({"token":)" + json_string(made.token) + R"(,"expires_at":)" +
                         std::to_string(made.session.expires_s) + R"(,"scope":)" +
                         json_string(to_string(scope)) + "}\n");
}

Answer refuse_guess(Manager& manager,
                    const Request& request,
                    std::string_view action,
                    std::string_view text) {
  const std::int64_t delay_ms = manager.throttle.failed(manager.clock->steady_us());
  static_cast<void>(record(manager, request, action, "refused"));
  Answer answer = answer_error(401, text);
  answer.delay_ms = delay_ms;
  return answer;
}

// A code is 256 random bits, which nobody guesses: a right one is taken while passwords have to
// wait, else whoever says wrong ones would keep out who is let in by his vault.
Answer refuse_code(Manager& manager,
                   const Request& request,
                   std::string_view action,
                   std::string_view text,
                   std::int64_t wait_s) {
  return wait_s > 0 ? answer_later("too many failed login attempts", wait_s)
                    : refuse_guess(manager, request, action, text);
}

Answer log_in_by_code(Manager& manager,
                      const Request& request,
                      std::string_view code,
                      std::int64_t wait_s) {
  const auto is_right =
      vault::take_manage_code(*manager.vault, vault::ManageCode::page, code, manager.now_s());
  if (!is_right) {
    return answer_error(503, "the vault cannot be read or written now");
  }
  if (!*is_right) {
    return refuse_code(manager, request, "page_login", "invalid or expired code", wait_s);
  }
  return let_in(manager, request, Scope::admin, "page_login");
}

bool are_same(const vault::JsonView& one, const vault::Secret& other) {
  const auto text = one.text();
  return text && vault::is_same_secret(*text, other);
}

Answer set_first_password(Manager& manager, const Request& request, const vault::Secret& password) {
  const auto set = change(manager, request, "setup", "", [&] {
    return vault::set_manage_password(*manager.vault, password);
  });
  if (set) {
    manager.sessions.end_all();  // of a password that was forgotten before (keyswap manage disable)
    return answer_json(200, "{\"success\":true}\n");
  }
  if (set.error().code == base::Errc::already_exists) {
    return answer_error(409, "password already configured");
  }
  if (set.error().code == base::Errc::invalid_input) {
    return answer_error(400, "the password is too short or too long");
  }
  return answer_error(503, "the password could not be kept");
}

}  // namespace

Answer auth_status(Manager& manager, const Request& request) {
  const bool is_initialized = vault::has_manage_password(*manager.vault);
  const bool is_in = request.session.scope != Scope::none;
  std::string json = R"({"initialized":)";
  json += is_initialized ? "true" : "false";
  json += R"(,"authenticated":)";
  json += is_in ? "true" : "false";
  json += R"(,"scope":)" + json_string(to_string(request.session.scope)) + "}\n";
  return answer_json(200, std::move(json));
}

// The code keeps the first local process that comes from owning the page.
Answer set_up(Manager& manager, const Request& request) {
  Answer refusal;
  const auto members = Members::read(request, {"password", "confirm", "code"}, refusal);
  if (!members) {
    return refusal;
  }
  if (vault::has_manage_password(*manager.vault)) {
    return answer_error(409, "password already configured");
  }
  const auto password = members->find("password").text();
  if (!password || password->size() < base::bounds::kManagePasswordBytesMin) {
    return answer_error(400, "password must be at least 8 characters");
  }
  if (!are_same(members->find("confirm"), *password)) {
    return answer_error(400, "passwords do not match");
  }
  const auto is_right = vault::take_manage_code(
      *manager.vault, vault::ManageCode::setup, members->plain("code"), manager.now_s());
  if (!is_right) {
    return answer_error(503, "the vault cannot be read or written now");
  }
  if (!*is_right) {
    return refuse_code(manager,
                       request,
                       "setup",
                       "invalid or expired code: keyswap manage setup",
                       manager.throttle.wait_s(manager.clock->steady_us()));
  }
  return set_first_password(manager, request, *password);
}

Answer log_in(Manager& manager, const Request& request) {
  const auto wait_s = manager.throttle.wait_s(manager.clock->steady_us());
  Answer refusal;
  const auto members = Members::read(request, {"password", "code", "scope"}, refusal);
  if (!members) {
    return refusal;
  }
  if (members->find("code").is(vault::JsonKind::string)) {
    return log_in_by_code(manager, request, members->plain("code"), wait_s);
  }
  // Before anything is hashed: guesses cost us nothing then.
  if (wait_s > 0) {
    return answer_later("too many failed login attempts", wait_s);
  }
  const bool says_scope = !members->find("scope").is(vault::JsonKind::none);
  const auto scope = says_scope ? parse_scope(members->plain("scope")) : Scope::admin;
  const auto password = members->find("password").text();
  if (!scope || !password) {
    return answer_error(400, "a password is needed, and a scope of view, approve or admin");
  }
  const auto is_right = vault::check_manage_password(*manager.vault, *password);
  if (!is_right && is_right.error().code == base::Errc::not_found) {
    return answer_error(401, "no password is configured: keyswap manage setup");
  }
  if (!is_right) {
    return answer_error(503, "the password could not be checked now");
  }
  if (!*is_right) {
    return refuse_guess(manager, request, "login", "invalid password");
  }
  manager.throttle.succeeded();
  return let_in(manager, request, *scope, "login");
}

// I6: as any other change.
Answer log_out(Manager& manager, const Request& request) {
  if (!record(manager, request, "logout", "done")) {
    return answer_error(503, kNotRecorded);
  }
  if (!request.token.empty()) {
    static_cast<void>(manager.sessions.end(request.token));
  }
  return answer_json(200, "{\"success\":true}\n");
}

Answer list_sessions(Manager& manager, const Request& /*request*/) {
  std::string json = "[";
  for (const Session& session : manager.sessions.all()) {
    json += (json.size() > 1 ? "," : "") + session_json(session);
  }
  return answer_json(200, json + "]\n");
}

Answer end_session(Manager& manager, const Request& request) {
  const auto& id = request.ids.front();
  if (!manager.sessions.is_there(id)) {
    return answer_error(404, "session not found");
  }
  if (!record(manager, request, "logout", "done", id)) {
    return answer_error(503, kNotRecorded);
  }
  static_cast<void>(manager.sessions.end_named(id));
  return answer_json(200, "{\"deleted\":true}\n");
}

}  // namespace keyswap::manage
