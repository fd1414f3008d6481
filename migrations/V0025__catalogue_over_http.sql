-- Why: catalogues are shown, compared and applied over HTTP (§9). A version never changes its content, so
-- the one column that its role may change is which version is the current one.
-- Compatible with: the release before; only grants are new.

grant select, insert on product_catalogue to oms_operator_api;
grant update (is_current) on product_catalogue to oms_operator_api;
