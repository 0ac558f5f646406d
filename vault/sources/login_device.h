// SPDX-License-Identifier: Apache-2.0
//
// A login on another device (RFC 8628): the server gives a code, the person types it in a browser
// wherever that is, and the server is asked meanwhile whether that has happened. Two runs: the
// first brings what the person has to see, the second asks, and keeps what comes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "vault/secret.h"
#include "vault/sources/login_grant.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

// Outlives its runs.
struct DeviceLogin {
  LoginGrant grant;
  std::string device_url;

  // --- once the first run ended with Done ---
  std::string user_code = {};
  std::string verification_url = {};           // https; its text is printable
  std::string verification_url_complete = {};  // with the code in it; "" the server has none
  std::int64_t expires_us = 0;                 // by the wall clock
  std::int64_t interval_ms = 0;
  Secret device_code = {};
};

std::unique_ptr<Run> device_start_run(DeviceLogin& login);
// Failed "token_endpoint_error:expired_token" where nobody logged in in time, and
// "token_endpoint_error:access_denied" where somebody said no.
std::unique_ptr<Run> device_poll_run(DeviceLogin& login);

}  // namespace keyswap::vault
