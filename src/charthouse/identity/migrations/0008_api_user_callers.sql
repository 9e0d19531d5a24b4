-- API users with what their calls may do. A view of the tables' owner: it is read before there is a tenant.
create view {schema}.identity_apiusercaller as
select u.id, u.username, u.secret_digest, u.enabled, u.ips, u.endpoints, u.read_only, u.anonymize, u.practice_id
  from {schema}.identity_apiuser u;
