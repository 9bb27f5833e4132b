#pragma once

// The parts of Asio that the data path uses, under one short name and with one executor type.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace outrider::net {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::result;

/// The executor of every socket and timer: concrete, so that no call goes through a type-erased one.
using executor = asio::io_context::executor_type;

template <typename T>
using awaitable = asio::awaitable<T, executor>;

/// `auto [ec, n] = co_await op(..., use_tuple);`: errors are values.
inline constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable_t<executor>{});

}  // namespace outrider::net
