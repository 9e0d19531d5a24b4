-- Tokens with what their calls may do. A view of the tables' owner: it is read before there is a tenant.
create view {schema}.identity_tokencaller as
select t.token_checksum, t.revoked, t.expires, t.scope, t.application_id, t.user_id,
       a.hourly_limit, a.second_limit, a.scopes, u.is_active, u.practice_id, u.doctor_id, u.permissions,
       p.sharing, p.plan_type
  from {schema}.identity_accesstoken t
  join {schema}.identity_application a on a.id = t.application_id
  join {schema}.identity_user u on u.id = t.user_id
  join {schema}.identity_practice p on p.id = u.practice_id;
