#!/usr/bin/env escript
%% tlsc.erl ADDRESS PORT NAME CA VERSION [CERT KEY]: a client on Erlang's ssl; one line to a server, one line back.
main([Address, Port, Name, Ca, Version | Own]) ->
    {ok, _} = application:ensure_all_started(ssl),
    Mine = case Own of [Cert, Key] -> [{certfile, Cert}, {keyfile, Key}]; [] -> [] end,
    Match = public_key:pkix_verify_hostname_match_fun(https),
    Options = [binary, {active, false}, {versions, [list_to_atom("tlsv" ++ Version)]}, {verify, verify_peer},
               {cacertfile, Ca}, {server_name_indication, Name},
               {customize_hostname_check, [{match_fun, Match}]} | Mine],
    case ssl:connect(Address, list_to_integer(Port), Options, 5000) of
        {ok, Socket} ->
            case os:getenv("LINE", "hello\n") of
                "" -> ok;
                Line -> ok = ssl:send(Socket, Line), io:format("~p~n", [ssl:recv(Socket, 0, 5000)])
            end,
            ssl:close(Socket);
        {error, Why} ->
            io:format("~p~n", [Why])
    end.
